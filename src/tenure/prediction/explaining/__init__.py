"""Why a forecast is what it is: what each input adds, which inputs matter, and what would change it."""
