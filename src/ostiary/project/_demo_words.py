"""Words of the demo world. Names are put together from syllables, so that nobody real is meant."""

import random
import re
import unicodedata


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


GIVEN = _words(
    """
    Ada Aino Alba Alma Anouk Arlo Asa Astrid Aurel Bela Bente Bruno Calla Carla Cato Celia Cleo Cora
    Dario Dela Dora Edda Edwin Elin Elsa Emil Enzo Erik Esme Etta Fabio Fara Felix Fenja Flora Frida
    Gala Gero Greta Gustav Hanne Hedda Hugo Ida Ilse Imre Ines Inga Ivo Jana Jarl Jonas Juna Kai Karin
    Kira Lars Lea Lena Leon Levi Lidia Linus Livia Lora Luca Lucia Lukas Mads Maia Malin Mara Marek
    Marta Mattis Mila Mina Mira Nadja Nele Nico Nils Nora Oda Olaf Olga Oskar Otto Paola Paul Petra Pia
    Quinn Rafa Ragna Remo Rika Rita Rolf Rosa Runa Sanna Selma Silas Silvia Sonja Stella Sven Tara Tessa
    Thea Theo Tilda Timo Tove Ulla Vera Vida Viggo Vito Wanda Wim Yara Yves Zita Zora
    """
)
_SURNAME_HEADS = _words(
    """
    Al Bar Bel Bren Cal Cor Dal Dor Ed Fal Fen Gar Gel Hal Har Hol Jor Kal Kel Lan Lor Mar Mel Mor Nar
    Nor Or Pel Quin Ral Ren Ros Sal Sel Sor Tal Tor Ul Val Ver Wal Wen Yor Zel
    """
)
_SURNAME_TAILS = _words(
    """
    ander berg bery dahl dane dell dorn fell ford gaard gren hart heim holm idge indal kamp lind low
    mann mark mere mond nay ningh quist ridge rova sen skov son stad stein strand thal torp vane vik
    wald well wick wood zani
    """
)
_FIRM_HEADS = _words(
    """
    Aer Alder Amber Arbor Bram Brisk Calder Cinder Clover Cobal Copper Dunmar Ember Ferro Fjell Garnet
    Glen Hazel Heron Iron Juni Kestr Larch Lumen Marl Nimb Oaken Opal Pinev Quill Raven Ridge Rowan
    Saffr Silv Slate Sorr Talon Thorn Tindal Umbr Vesp Willow Wren Yarr Zephr
    """
)
_FIRM_TAILS = _words(
    """
    ance aria arc ava beck bury cast dale edge ella ento era field fall gate ica idia ion ium lane line
    lume mark mere mont nova ona ora path point rise rock spire stead ton tide vale vara verge wick
    worth yard
    """
)
FIRM_KINDS = {
    "Construction": ("Building", "Bridges", "Homes"),
    "Education": ("Academy", "Learning", "Schools"),
    "Employment": ("People", "Staffing", "Careers"),
    "Energy": ("Power", "Solar", "Grid"),
    "Entertainment": ("Studios", "Games", "Pictures"),
    "Finance": ("Capital", "Insurance", "Savings"),
    "Government": ("Agency", "Council", "Authority"),
    "Manufacturing": ("Works", "Tools", "Machines"),
    "Marketing": ("Media", "Brands", "Agency"),
    "Medical": ("Clinics", "Diagnostics", "Care"),
    "Retail": ("Stores", "Markets", "Trading"),
    "Services": ("Services", "Facilities", "Partners"),
    "Software": ("Software", "Systems", "Data"),
    "Technology": ("Technologies", "Instruments", "Robotics"),
    "Telecommunications": ("Telecom", "Networks", "Mobile"),
    "Transport": ("Logistics", "Rail", "Freight"),
}
FIRM_FORMS = ("Ltd", "GmbH", "AG", "SA", "BV", "AB", "Oy", "SpA", "Inc", "Group", "")
STREETS = (
    "Mill Lane",
    "Station Road",
    "Harbour Street",
    "Orchard Way",
    "Quarry Road",
    "Canal Side",
    "High Street",
)
CITY_HEADS = (
    "Alden",
    "Brack",
    "Corin",
    "Dover",
    "Elms",
    "Farn",
    "Gran",
    "Hart",
    "Iver",
    "Linden",
    "Mars",
    "North",
)
CITY_TAILS = (
    "borough",
    "bridge",
    "by",
    "ford",
    "haven",
    "holm",
    "mouth",
    "port",
    "stead",
    "ton",
    "ville",
    "wick",
)
JOBS = (
    "Head of purchasing",
    "Purchaser",
    "Managing director",
    "Operations manager",
    "IT manager",
    "Engineer",
    "Finance manager",
    "Office manager",
    "Project manager",
    "Quality manager",
    "Analyst",
    "Plant manager",
)
DEPARTMENTS = (
    "Purchasing",
    "Management",
    "Operations",
    "IT",
    "Engineering",
    "Finance",
    "Administration",
    "Quality",
)
PRODUCT_HEADS = (
    "Beacon",
    "Cascade",
    "Delta",
    "Harbor",
    "Lattice",
    "Meridian",
    "Orbit",
    "Pivot",
    "Summit",
    "Vector",
)
PRODUCT_KINDS = {
    "Hardware": ("Sensor", "Gateway", "Controller", "Terminal"),
    "Software": ("Suite", "Monitor", "Planner"),
    "Service": ("Care", "Installation"),
    "Training": ("Workshop",),
    "Spare part": ("Spare kit",),
}
NEEDS = (
    "Modernise the control room",
    "Replace old terminals",
    "Connect three sites",
    "Roll out sensors",
    "Extend the licence",
    "New warehouse",
    "Service contract",
    "Pilot line",
    "Energy monitoring",
    "Fleet upgrade",
)
NEXT_STEPS = (
    "Send the offer",
    "Call about the budget",
    "Meet the purchaser",
    "Clarify delivery dates",
    "Demo for the operators",
    "Redlined terms to legal",
    "Visit the site",
    None,
)
PROBLEMS = (
    "Terminal does not start",
    "Readings are missing",
    "Invoice does not match the order",
    "Gateway loses its connection",
    "Cannot sign in",
    "Question about the licence",
    "Spare part needed",
    "Display is cracked",
    "Update failed",
    "Delivery is late",
    "Wrong item delivered",
    "Report is empty",
)
FINDINGS = (
    "It began after the last update and happens about once a day.",
    "Two of five devices are affected.",
    "The customer has restarted it twice without success.",
    "Nothing was changed on site.",
    "Photographs will follow.",
    "The customer asks to be called back before noon.",
)
SOLUTIONS = (
    "Firmware renewed, tested with the customer.",
    "Device replaced under warranty.",
    "Settings corrected remotely.",
    "Explained, guide sent.",
    "Credit note issued.",
)
TASKS = {
    "call": ("Call about the offer", "Follow up by phone", "Check whether it works again"),
    "meeting": ("Meeting on site", "Workshop with operators", "Quarterly review"),
    "email": ("Send documents", "Send the minutes", "Confirm the appointment"),
    "task": ("Prepare the offer", "Update the plan", "Check delivery", "Write the summary"),
}
REMARKS = (
    "Prefers short messages.",
    "Decides after the board meets in spring.",
    "Compares us with two others.",
    "Wants one invoice a quarter.",
    "Was at our stand last year.",
    "Asks for references.",
)


def surname(rng: random.Random) -> str:
    """A made-up family name."""
    return rng.choice(_SURNAME_HEADS) + rng.choice(_SURNAME_TAILS)


def firm(rng: random.Random, industry: str) -> str:
    """A made-up company of an industry."""
    stem = rng.choice(_FIRM_HEADS) + rng.choice(_FIRM_TAILS)
    return " ".join(filter(None, (stem, rng.choice(FIRM_KINDS[industry]), rng.choice(FIRM_FORMS))))


def city(rng: random.Random) -> str:
    """A made-up town."""
    return rng.choice(CITY_HEADS) + rng.choice(CITY_TAILS)


def slug(text: str) -> str:
    """Letters and digits with hyphens, for addresses below the example domains (RFC 2606)."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def phone(rng: random.Random) -> str:
    """A number from a range that regulators keep for fiction."""
    kind = rng.randrange(3)
    if kind == 0:
        return f"+1 202 555 01{rng.randrange(100):02d}"
    if kind == 1:
        return f"+44 20 7946 0{rng.randrange(1000):03d}"
    return f"+49 30 23125 {rng.randrange(1000):03d}"


def mobile(rng: random.Random) -> str:
    """A mobile number from such a range."""
    return f"+44 7700 900{rng.randrange(1000):03d}"
