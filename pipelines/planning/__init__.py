"""Before a run: can the recipe be run (`check`), and what would the run take (`plan`)?

    findings = check_recipe(recipe)                    # one for each field; an error where it fails
    with open_session("in-process") as session:
        plan = plan_run(recipe, session, Console(stderr=True), Options())
    print(plan.to_read.pages, plan.hours)

Changes nothing: no dataset, no staging. Start reading in `plan`; `rates` decides how long a page
takes, and `probe` measures it on a few pages. Import the modules by name: `check` must answer at
once, and all that `plan` imports takes seconds.
"""
