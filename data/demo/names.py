"""Made-up people: given and family names that go together by community, streets, and phones nobody can own.

The names are common ones combined at random; a match with a living person is a coincidence. Phone numbers
use the
exchange and range reserved for fiction (555-0100 to 555-0199), mail addresses the domains reserved by RFC
2606.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Community:
    """A group whose names are drawn together. `share` by market setting: harbor, millbrook, prairie."""

    race: str
    ethnicity: str
    language: str
    speaks: float  # share preferring `language`; the others prefer English
    share: tuple[float, float, float]
    female: str
    male: str
    family: str


COMMUNITIES = (
    Community(
        "white",
        "not hispanic or latino",
        "English",
        1.0,
        (0.30, 0.58, 0.80),
        "Mary Linda Patricia Barbara Susan Karen Nancy Donna Carol Ruth Sharon Diane Janet Joyce "
        "Emily Anna Megan "
        "Laura Rachel Claire Hannah Olivia Grace Ella Nora Abigail Lucy Helen Judith Marie",
        "James Robert John Michael William David Richard Thomas Charles Daniel Paul Mark Dennis "
        "Kenneth Gary Patrick "
        "Walter Arthur Henry Jack Owen Ethan Lucas Noah Samuel Peter Frank Roy Dale Curtis",
        "Anderson Hughes Baker Miller Nelson Carter Mitchell Turner Phillips Campbell Parker "
        "Collins Murphy Cook "
        "Bailey Sullivan Reed Kelly Howard Ward Peterson Gray Brooks Bennett Wood Ross Foster "
        "Simmons Fisher Graham "
        "Larson Olson Hansen Schmidt Keller Wagner Becker Meyer Doyle Walsh",
    ),
    Community(
        "black or african american",
        "not hispanic or latino",
        "English",
        1.0,
        (0.25, 0.09, 0.04),
        "Denise Gloria Joy Ruth Yolanda Angela Michelle Tanya Monique Keisha Latoya Jasmine Imani "
        "Aaliyah Nia Zoe "
        "Brianna Tiana Shirley Ernestine Dorothy Vivian Simone Renee",
        "Marcus Darnell Andre Reginald Terrence Curtis Samuel Isaiah Elijah Malik Jamal Tyrone "
        "Jerome Calvin Willie "
        "Nathaniel Xavier Darius Jaylen Leroy Clarence Otis Vernon Maurice",
        "Washington Jefferson Jackson Banks Booker Coleman Gaines Harris Jenkins Joseph Robinson "
        "Simmons Walker "
        "Wright Young Hayes Bryant Dawson Freeman Mosley Tate Whitfield Ellis Hampton",
    ),
    Community(
        "other",
        "hispanic or latino",
        "Spanish",
        0.52,
        (0.22, 0.14, 0.08),
        "Maria Ana Carmen Rosa Elena Lucia Isabel Sofia Valentina Camila Gabriela Daniela Juana "
        "Teresa Marisol "
        "Guadalupe Adriana Silvia Beatriz Yesenia Luz Paola Ximena Leticia",
        "Jose Juan Luis Carlos Miguel Jorge Manuel Rafael Pedro Alejandro Diego Mateo Santiago "
        "Fernando Ricardo "
        "Hector Raul Javier Oscar Ernesto Andres Emilio Ramon Felipe",
        "Garcia Rodriguez Martinez Hernandez Lopez Gonzalez Perez Sanchez Ramirez Torres Flores "
        "Rivera Gomez Diaz "
        "Reyes Morales Ortiz Delgado Castillo Vargas Mendoza Salazar Rojas Fuentes Cabrera Espinoza",
    ),
    Community(
        "asian",
        "not hispanic or latino",
        "Vietnamese",
        0.45,
        (0.05, 0.05, 0.02),
        "Linh Huong Mai Thanh Lan Hoa Trang Phuong Kim Ngoc Thuy Anh Vy Chau",
        "Minh Hung Tuan Dung Thanh Quang Huy Khoa Long Nam Phuc Son Viet Bao",
        "Nguyen Tran Pham Hoang Phan Vo Dang Bui Ngo Duong Truong Dinh",
    ),
    Community(
        "asian",
        "not hispanic or latino",
        "Mandarin",
        0.40,
        (0.05, 0.05, 0.01),
        "Mei Li Xiu Fang Jing Yan Hui Lan Ying Na Xin Yue Grace Amy",
        "Wei Jun Ming Hao Lei Feng Jian Bo Tao Gang Peng Kai Kevin Eric",
        "Chen Wang Zhang Liu Lin Huang Wu Zhou Xu Sun Zhao Guo",
    ),
    Community(
        "asian",
        "not hispanic or latino",
        "English",
        1.0,
        (0.04, 0.06, 0.01),
        "Priya Anita Sunita Farida Ayesha Neha Kavita Meera Lakshmi Divya Nadia Asha Pooja Shabnam",
        "Raj Imran Sanjay Amit Vikram Arjun Rahul Farhan Suresh Anil Tariq Karan Deepak Yusuf",
        "Patel Shah Rahman Khan Chaudhry Natarajan Singh Gupta Mehta Iyer Ahmed Malik Desai Reddy",
    ),
    Community(
        "white",
        "not hispanic or latino",
        "Polish",
        0.35,
        (0.06, 0.02, 0.03),
        "Katarzyna Agnieszka Ewa Elena Irena Halina Natalia Olga Svetlana Teresa Danuta Wanda Zofia Anna",
        "Piotr Andrzej Tomasz Dennis Jan Stefan Marek Ivan Dmitri Pawel Adam Roman Viktor Jerzy",
        "Kowalski Nowak Wisniewski Wojcik Kaminski Lewandowski Zielinski Ivanova Petrov Mazur Dudek Pawlak",
    ),
    Community(
        "black or african american",
        "not hispanic or latino",
        "Haitian Creole",
        0.40,
        (0.03, 0.01, 0.01),
        "Marie Ruth Amara Ngozi Fatou Nadege Mirlande Chidinma Rose Esther Abena Wideline Adaeze Yvrose",
        "Jean Samuel Emmanuel Kofi Chukwu Pierre Oluwaseun Kwame Ibrahim Frantz Wilson Mamadou "
        "Tunde Reginald",
        "Baptiste Okafor Adeyemi Joseph Pierre Mensah Diallo Desir Eze Charles Etienne Owusu Toussaint Bello",
    ),
)

_STREETS = (
    "Main St|Oak St|Maple Ave|Cedar Ln|Elm St|Washington Ave|Lake St|Harbor Dr|Park Ave|Pine St|Church St|"
    "Mill Rd|River Rd|Hillside Ave|Prospect St|Franklin St|Union St|Quarry Rd|Bay St|Meadow Ln|Walnut St|"
    "Spruce Ct|Railroad Ave|Orchard Rd|Highland Ave|Chestnut St|Wharf St|Prairie Ave|Lincoln Ave|Second St|"
    "Third St|Fifth Ave|Birch Ct|Willow Way|School St|Garden St|Eastgate Blvd|County Road 12|Old Mill Ln|"
    "Lighthouse Way"
)
STREETS = _STREETS.split("|")

_CLINICIAN_GIVEN = (
    "Alice Amir Ana Angela Anil Beatriz Brian Carla Catherine Chinwe Daniel Deborah Diego Elaine Emeka Erica "
    "Farah Frances George Grace Hana Helen Henry Ingrid Isaac Jae Janet Jorge Julia Karen Kevin Laila Leo "
    "Lucia Marcus Margaret Mei Miguel Monica Nadia Nathan Nora Olivia Omar Paula Peter Priya "
    "Rachel Ravi Rosa "
    "Samuel Sofia Stephen Susan Tariq Teresa Thanh Thomas Victor Wendy Yusuf Zoe"
)
_CLINICIAN_FAMILY = (
    "Abbott Adeyemi Ahmed Alvarez Banerjee Barnes Bauer Becker Bianchi Brennan Castro Chen Choi Cohen Cruz "
    "Delgado Dixon Duarte Eze Farrell Fischer Flores Gallagher Gibson Goldberg Gupta Haddad Hayes Hoang "
    "Ibrahim Iyer Jensen Joshi Kaplan Kim Klein Kowalczyk Lam Lindqvist Lopez Marsh Mensah Moreau Morgan "
    "Nakamura Nguyen Novak Okafor Ortiz Osei Park Patel Pereira Quinn Rahman Reyes Romano Rosen Santos "
    "Schultz Shah Silva Sorensen Stein Sullivan Tanaka Torres Vasquez Walsh Weber Yang Zhou"
)
CLINICIAN_GIVEN = _CLINICIAN_GIVEN.split()
CLINICIAN_FAMILY = _CLINICIAN_FAMILY.split()

LANGUAGES_OF_STAFF = (
    "English",
    "English",
    "English",
    "English|Spanish",
    "English|Spanish",
    "English|Polish",
    "English|Vietnamese",
    "English|Haitian Creole",
    "English|Mandarin",
)
