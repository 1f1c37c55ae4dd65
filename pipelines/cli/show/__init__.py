"""How results look in a terminal: functions from a result to a rich table, and nothing computed.

    Console().print(results.report(run_recipe(recipe, session, console)))

Start reading in `results`, which also has the parts that the others share.
"""
