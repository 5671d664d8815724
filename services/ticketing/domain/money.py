"""Currencies and amounts: integers in minor units, lower-case ISO 4217 codes."""

from shared.money import decimals

# ISO 4217, list one (active codes), without funds, metals and test codes.
_ACTIVE = """
aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bhd bif bmd bnd bob brl bsd btn bwp byn bzd cad cdf chf clp
cny cop crc cup cve czk djf dkk dop dzd egp ern etb eur fjd fkp gbp gel ghs gip gmd gnf gtq gyd hkd hnl htg huf idr
ils inr iqd irr isk jmd jod jpy kes kgs khr kmf kpw krw kwd kyd kzt lak lbp lkr lrd lsl lyd mad mdl mga mkd mmk mnt
mop mru mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd omr pab pen pgk php pkr pln pyg qar ron rsd rub rwf sar sbd
scr sdg sek sgd shp sle sos srd ssp stn svc syp szl thb tjs tmt tnd top try ttd twd tzs uah ugx usd uyu uzs ves vnd
vuv wst xaf xcd xcg xof xpf yer zar zmw zwg
"""
CURRENCIES = frozenset(_ACTIVE.split())


def currency_code(text: str) -> str:
    """The code in lower case. Raises ValueError if ISO 4217 has no such currency."""
    code = text.lower()
    if code not in CURRENCIES:
        raise ValueError(f"{text!r} is not an ISO 4217 currency code such as 'eur'")
    return code


def money_text(amount: int, currency: str) -> str:
    """An amount for people: `money_text(2550, "eur")` is "25.50 EUR"."""
    places = decimals(currency)
    sign, digits = ("-" if amount < 0 else ""), str(abs(amount)).rjust(places + 1, "0")
    whole, fraction = (digits[:-places], "." + digits[-places:]) if places else (digits, "")
    return f"{sign}{whole}{fraction} {currency.upper()}"
