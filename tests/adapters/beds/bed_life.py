"""A ward in plain Python, as simple as can be: what each command should do to it, and what its events say."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

HOLD = timedelta(hours=4)
UNDO = timedelta(hours=24)
ROOMS = {"01": ("single", 2), "02": ("single", 2), "03": ("mixed", 1)}
PEOPLE = "FMFMF"
LIES = ("admitted", "reserved")


@dataclass
class Bed:
    """A bed of the ward; `task`: somebody is to clean it."""

    room: str
    status: str = "U"
    stay: int | None = None
    task: bool = False

    @property
    def shown(self):
        """Status, whether reserved, and whose, as the API shows it."""
        return ("U", True, self.stay) if self.status == "R" else (self.status, False, self.stay)


@dataclass
class Stay:
    """A patient's stay; `previous` is the bed that a cancelled transfer would lead back to."""

    phase: str = "waiting"
    bed: str | None = None
    previous: str | None = None
    held_until: datetime | None = None
    left_at: datetime | None = None


@dataclass
class Use:
    """A bed that was a stay's from an instant to another."""

    bed: str
    stay: int
    since: datetime
    until: datetime | None = None


@dataclass
class Ward:
    """What should be so. Every command answers whether it is granted; a refused one changes nothing."""

    now: datetime
    beds: dict[str, Bed] = field(default_factory=dict)
    stays: list[Stay] = field(default_factory=lambda: [Stay() for _ in PEOPLE])
    uses: list[Use] = field(default_factory=list)

    def __post_init__(self):
        self.beds = {f"{room}/{number + 1}": Bed(room) for room, (_, size) in ROOMS.items() for number in range(size)}

    def live(self, stay):
        """The use that goes on."""
        return next(use for use in self.uses if use.stay == stay and use.until is None)

    def fits(self, use, without=()):
        """Whether nobody else had the bed, nor the other sex its single-sex room, from the use's beginning on."""
        for other in self.uses:
            if other is use or other in without or (other.until is not None and other.until <= use.since):
                continue
            same_room = self.beds[other.bed].room == self.beds[use.bed].room
            mixes = PEOPLE[other.stay] != PEOPLE[use.stay] and ROOMS[self.beds[use.bed].room][0] == "single"
            if other.bed == use.bed or (same_room and mixes):
                return False
        return True

    def reserve(self, stay, bed):
        use = Use(bed, stay, self.now)
        if self.stays[stay].phase != "waiting" or self.beds[bed].status != "U" or not self.fits(use):
            return False
        self.uses.append(use)
        self.stays[stay] = Stay("reserved", bed, held_until=self.now + HOLD)
        self.beds[bed].status, self.beds[bed].stay = "R", stay
        return True

    def admit(self, stay):
        mine = self.stays[stay]
        if mine.phase != "reserved" or self.now > mine.held_until:
            return False
        mine.phase = "admitted"
        self.beds[mine.bed].status = "O"
        return True

    def transfer(self, stay, bed):
        mine = self.stays[stay]
        if mine.phase != "admitted" or self.beds[bed].status != "U":
            return False
        before, use = self.live(stay), Use(bed, stay, self.now)
        if not self.fits(use, without=(before,)):
            return False
        before.until = self.now
        self.uses.append(use)
        self._vacate(mine.bed)
        self.beds[bed].status, self.beds[bed].stay = "O", stay
        mine.previous, mine.bed = mine.bed, bed
        return True

    def swap(self, one, other):
        pair = self.stays[one], self.stays[other]
        if one == other or any(stay.phase != "admitted" for stay in pair):
            return False
        olds = self.live(one), self.live(other)
        news = Use(olds[1].bed, one, self.now), Use(olds[0].bed, other, self.now)
        if not all(self.fits(new, without=olds) for new in news):
            return False
        for old in olds:
            old.until = self.now
        self.uses += news
        for stay, use in zip(pair, news, strict=True):
            stay.bed, stay.previous = use.bed, None
            self.beds[use.bed].stay = use.stay
        return True

    def leave(self, stay):
        mine = self.stays[stay]
        if mine.phase != "admitted":
            return False
        self.live(stay).until = mine.left_at = self.now
        self._vacate(mine.bed)
        mine.phase = "left"
        return True

    def cancel_reservation(self, stay):
        if self.stays[stay].phase != "reserved":
            return False
        self._give_up(stay)
        return True

    def cancel_admission(self, stay):
        mine = self.stays[stay]
        if mine.phase != "admitted":
            return False
        self.live(stay).until = self.now
        self._vacate(mine.bed)
        self.stays[stay] = Stay()
        return True

    def cancel_transfer(self, stay):
        mine = self.stays[stay]
        if mine.phase != "admitted" or mine.previous is None:
            return False
        wrong = self.live(stay)
        back = [use for use in self.uses if use.stay == stay and use.bed == mine.previous][-1]
        if not self._given_back(mine.previous) or not self.fits(back, without=(wrong,)):
            return False
        self.uses.remove(wrong)
        back.until = None
        self._vacate(mine.bed)
        self._take_back(mine.previous, stay)
        mine.bed, mine.previous = mine.previous, None
        return True

    def undo_leave(self, stay):
        mine = self.stays[stay]
        if mine.phase != "left" or self.now - mine.left_at > UNDO or not self._given_back(mine.bed):
            return False
        back = [use for use in self.uses if use.stay == stay][-1]
        if not self.fits(back):
            return False
        back.until = mine.left_at = mine.previous = None
        self._take_back(mine.bed, stay)
        mine.phase = "admitted"
        return True

    def expire(self):
        """Reservations whose time is over end."""
        for number, stay in enumerate(self.stays):
            if stay.phase == "reserved" and stay.held_until < self.now:
                self._give_up(number)

    def clean(self, bed):
        one = self.beds[bed]
        if one.status not in "HK" and not one.task:
            return False
        one.status, one.task = ("U" if one.status in "HK" else one.status), False
        return True

    def contaminate(self, bed):
        return self._becomes(bed, "K", "UH", task=True)

    def close(self, bed):
        return self._becomes(bed, "C", "UHK", task=self.beds[bed].task)

    def open(self, bed):
        return self._becomes(bed, "U", "C", task=self.beds[bed].task)

    def _becomes(self, bed, status, out_of, *, task):
        one = self.beds[bed]
        if one.status not in out_of:
            return False
        one.status, one.task = status, task
        return True

    def _given_back(self, bed):
        return self.beds[bed].status in "UHK" and self.beds[bed].stay is None

    def _take_back(self, bed, stay):
        self.beds[bed] = Bed(self.beds[bed].room, "O", stay)

    def _vacate(self, bed):
        self.beds[bed] = Bed(self.beds[bed].room, "H", task=True)

    def _give_up(self, stay):
        self.live(stay).until = self.now
        self.beds[self.stays[stay].bed] = Bed(self.beds[self.stays[stay].bed].room, task=self._task(stay))
        self.stays[stay] = Stay()

    def _task(self, stay):
        return self.beds[self.stays[stay].bed].task


def folded(events):
    """Stay id → phase and bed, from the events of stays alone."""
    makes = {
        "bed-reserved": "reserved",
        "patient-admitted": "admitted",
        "patient-transferred": "admitted",
        "transfer-cancelled": "admitted",
        "leave-undone": "admitted",
        "bed-released": "left",
        "reservation-expired": "waiting",
        "reservation-cancelled": "waiting",
        "admission-cancelled": "waiting",
    }
    picture = {}
    for event in events:
        phase = makes.get(event.type.split(".")[1])
        if phase is not None:
            picture[event.stay_id] = (phase, event.bed_id if phase in LIES else None)
    return picture
