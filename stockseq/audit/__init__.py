"""The proof that nothing looks ahead: take away or poison all that came after a decision, rebuild, and compare.

What was known when is worked out here anew, from the calendar and the stamps alone, so that a pipeline that dates its
inputs wrongly is caught instead of believed.
"""
