"""What discharge must be told beside what every service needs: where the insurance centre is, and who we are to it."""

from pydantic import Field

from services.discharge.insurance.model import Institution
from shared.settings import Settings


class DischargeSettings(Settings):
    """Settings of the discharge service."""

    centre_url: str = Field(
        pattern=r"^https?://[^/]+(/.*)?$",
        description="give the insurance centre's address, such as http://127.0.0.1:8105",
    )
    centre_timeout_seconds: float = Field(
        default=10.0, gt=0, le=30, description="give how long to wait for the centre's answer, at most 30 seconds"
    )
    institution_code: str = Field(
        default="H11010100001",
        pattern=r"^[A-Z0-9]{12}$",
        description="give this hospital's 12-character code (定点医药机构编号)",
    )
    institution_area: str = Field(
        default="110101", pattern=r"^[0-9]{6}$", description="give the six-digit code of this hospital's area"
    )
    hospital_level: int = Field(default=3, ge=1, le=3, description="give this hospital's level, 1, 2 or 3")

    @property
    def institution(self) -> Institution:
        """Who we are to the centre."""
        return Institution(code=self.institution_code, area=self.institution_area, level=self.hospital_level)
