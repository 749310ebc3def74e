"""What registration must be told beside what every service needs: how reminders leave the house."""

from pathlib import Path

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from services.registration.patients.model import ContactChannel
from services.registration.reminders.outbox_file import FileSender
from services.registration.reminders.port import Sender, Senders
from services.registration.reminders.smtp import MailServer, SmtpSender, Tls
from shared.settings import Settings


class RegistrationSettings(Settings):
    """Settings of the registration service."""

    reminder_file: Path | None = Field(
        default=None, description="give a file that reminders are appended to, for a gateway to send, or leave it out"
    )
    smtp_from: str | None = Field(
        default=None,
        pattern=r"^[!-?A-~]{1,64}@[A-Za-z0-9.-]{1,190}$",
        description="give the address that reminders come from, such as no-reply@hospital.example",
    )
    smtp_host: str | None = Field(
        default=None, min_length=1, description="give the mail server and JOURNEY_SMTP_FROM, or leave both out"
    )
    smtp_port: int = Field(default=587, ge=1, le=65535, description="give the mail server's port")
    smtp_tls: Tls = Field(default="starttls", description="give starttls, tls (from the first byte) or none")
    smtp_user: str | None = Field(default=None, description="give the mail server's user, or leave it out")
    smtp_password: SecretStr | None = Field(default=None, description="give that user's password, or leave it out")

    @field_validator("reminder_file")
    @classmethod
    def _has_a_folder(cls, path: Path | None) -> Path | None:
        if path is not None and not path.parent.is_dir():
            raise ValueError("lies in a folder that does not exist")
        return path

    @field_validator("smtp_host")
    @classmethod
    def _has_a_sender(cls, host: str | None, info: ValidationInfo) -> str | None:
        if host is not None and info.data.get("smtp_from") is None:
            raise ValueError("has no address to send from")
        return host

    @property
    def senders(self) -> Senders:
        """The way out of each channel: e-mail by the mail server where there is one, the rest into the file."""
        ways: dict[ContactChannel, Sender] = {}
        if self.reminder_file is not None:
            ways = dict.fromkeys(ContactChannel, FileSender(self.reminder_file))
        if self.smtp_host is not None and self.smtp_from is not None:
            server = MailServer(
                host=self.smtp_host,
                port=self.smtp_port,
                tls=self.smtp_tls,
                user=self.smtp_user,
                password=self.smtp_password.get_secret_value() if self.smtp_password else None,
                sender=self.smtp_from,
            )
            ways[ContactChannel.EMAIL] = SmtpSender(server)
        return ways
