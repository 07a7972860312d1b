"""Names of languages and countries by their codes, symbols of chemical elements by their names."""

from wikipedia.tables import table

LANGUAGES = table("languages")
COUNTRIES = table("countries")
ELEMENTS = table("elements")
