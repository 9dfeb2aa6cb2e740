"""The CSVs of the old tournament, written as tables of today's schema: text eras, int8 features, float32 targets.

Eras `era1` and `eraX` become `0001` and `X`; features 0, 0.25, 0.5, 0.75, 1 become the levels 0 to 4. Rows come in the
order of their eras, whatever the order of the file, and test rows do not come at all.
"""
