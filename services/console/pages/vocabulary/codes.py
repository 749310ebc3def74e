"""What the codes of closed lists are called, by the field that holds them."""

from services.console.pages.language import msg

CODES = {
    "sex": {"F": msg("female"), "M": msg("male")},
    "insutype": {"310": msg("employee scheme"), "390": msg("resident scheme")},
    "channel": {
        "desk": msg("desk"),
        "app": msg("app"),
        "phone": msg("phone"),
        "kiosk": msg("kiosk"),
        "followup": msg("follow-up"),
        "cash": msg("cash"),
        "card": msg("card"),
        "wechat": msg("WeChat Pay"),
        "alipay": msg("Alipay"),
    },
    "reason": {
        "patient": msg("by the patient"),
        "hospital": msg("by the hospital"),
        "deceased": msg("patient deceased"),
        "completed": msg("all steps done"),
        "readmitted": msg("readmitted"),
        "superseded": msg("replaced by another plan"),
        "moved": msg("moved away"),
        "refused": msg("refused by the patient"),
    },
    "source": {
        "clinic": msg("clinic"),
        "emergency": msg("emergency"),
        "referral": msg("referral"),
        "day-surgery": msg("day surgery"),
    },
    "line_class": {"01": msg("class A"), "02": msg("class B"), "03": msg("class C")},
    "status": {
        "O": msg("occupied"),
        "U": msg("free"),
        "H": msg("cleaning"),
        "K": msg("contaminated"),
        "I": msg("isolated"),
        "C": msg("closed"),
    },
    "kind": {
        "turnover": msg("turnover cleaning"),
        "terminal": msg("terminal cleaning"),
        "isolation": msg("isolation cleaning"),
    },
    "disposition": {
        "home": msg("home"),
        "other-hcf": msg("another hospital"),
        "rehab": msg("rehabilitation"),
        "aadvice": msg("left against advice"),
        "exp": msg("died"),
    },
    "outcome": {
        "kept": msg("kept"),
        "cancelled": msg("cancelled"),
        "reached": msg("reached"),
        "agreed_to_visit": msg("will come for a visit"),
        "call_later": msg("call again later"),
        "no_answer": msg("no answer"),
        "wrong_number": msg("wrong number"),
        "refused": msg("refused by the patient"),
        "moved": msg("moved away"),
        "dead": msg("patient deceased"),
        "danger_sign": msg("danger sign"),
    },
}
