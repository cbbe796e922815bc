"""The lines of a dry run: what would be done, how large it is and how long it takes."""

from keras_vision.reporting.progress import clock_text, settings_line


def forecast_lines(found):
    """Yields what a forecast says, as lines for a person."""
    images = ", ".join(f"{number:,} for {what}" for what, number in found["images"].items())
    height, width, channels = found["shape"]
    yield f"images       {images}, {height}x{width}x{channels}, {len(found['class_names'])} classes"
    if "strategy" in found:
        limit = f", no new epoch after {found['max_minutes']:g} minutes" if found["max_minutes"] else ""
        yield f"search       strategy {found['strategy']}, at most {found['max_trials']} networks{limit}"
        again = found["confirm"]
        anew = f"the best, {again} times, on other validation images where the data set brings none"
        yield f"confirmation {anew if again else 'none'}"
        yield from (f"  {one}" for one in found["space"])
    for row in found["networks"]:
        words = f"{row['parameters']:,} parameters, {row['macs']:,} MACs, {settings_line(row['settings'])}"
        yield f"{row['name']:<12} {words.removesuffix(', ')}"
    if found.get("max_latency_ms"):
        limit = f"{found['max_latency_ms']:g} ms"
        yield f"latency      measured at each trial, and not here: these networks may be over the limit of {limit}"
    recipe = found["recipe"]
    yield f"recipe       {recipe['epochs']} epochs of batches of {recipe['batch_size']}, {recipe['optimizer']}"
    yield f"time         {_time_words(found)}"
    yield f"disk         at most about {found['bytes'] / 1e6:,.0f} MB"
    yield f"directory    {found['workdir']}{', which is continued' if found['continues'] else ''}"
    yield "Nothing was trained or written. Without --dry-run it starts."


def _time_words(found):
    """Returns how long it takes, in words; only steps were timed, so it is said to be about so long."""
    least, most = found["trainings"]
    rows = {row["name"]: row["seconds"] for row in found["networks"]}
    if "strategy" not in found:
        each = f"{most} trainings, each " if most > 1 else ""
        return f"{each}about {clock_text(rows['network'])} for its steps in float32, as timed here"
    whole = most * max(rows.values()) / found["workers"]
    return (
        f"about {clock_text(rows['first'])} of steps for the first network, in float32 as timed here, and by its "
        f"operations {clock_text(rows['largest'])} for the largest; {least} to {most} trainings, so at most about "
        f"{clock_text(whole)}"
    )
