"""{{convert}}: "26.2 miles (42.2 km)" from `{{convert|26.2|mi|km}}`, with the units, rounding and wording of
Wikipedia's Module:Convert: numbers.py reads and writes numbers, units.py knows the units, arguments.py what the
template asks for, conversion.py computes and words it.
"""
