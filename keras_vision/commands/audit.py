"""What `audit` does: reads all images, looks at them, judges their labels, and writes what was found."""

from keras_vision.commands.audit_files import draw_sheets, write_list
from keras_vision.commands.audit_labels import judge, label_findings
from keras_vision.data.audit.clean import folder_of, write_clean
from keras_vision.data.audit.collection import collect
from keras_vision.data.audit.findings import KINDS
from keras_vision.data.audit.looking import look
from keras_vision.data.source import DataSource
from keras_vision.data.split_names import SPLITS
from keras_vision.runs import claim_folder, read_card, remember

_EXAMPLES = 3


def carry_out(asked, progress):
    """Returns what `audit` does; `asked` is an `AuditSettings`."""
    source = source_of(asked)
    collection = collect(source, progress.say)
    writes_images = asked.clean and collection.files is None
    with claim_folder("clean", folder_of(asked.clean) if writes_images else None):
        return _look_and_write(asked, source, collection, progress)


def _look_and_write(asked, source, collection, progress):
    looked = look(collection, progress.say)
    findings, told = list(looked.findings), "Labels were not judged."
    if asked.labels:
        probabilities, told = judge(collection, looked.groups, asked.model, source, progress)
        findings += label_findings(collection, probabilities)
    order = list(KINDS)
    findings.sort(key=lambda one: order.index(one.kind))  # of one kind, the gravest stay first
    counts = counts_by_kind(findings)
    return {
        "dataset": asked.dataset,
        "images": len(collection),
        "splits": {split: int((collection.splits == split).sum()) for split in SPLITS},
        "classes": _classes(collection),
        "sizes": looked.sizes,
        "modes": looked.modes,
        "findings": counts,
        "sentences": [*collection.sentences, *looked.sentences],
        "labels": told,
        "list": str(write_list(collection, findings, asked.out)),
        "sheets": [str(path) for path in draw_sheets(collection, findings, asked.out)],
        "clean": _clean(asked, collection, findings, looked.groups) if asked.clean else None,
    }


def _clean(asked, collection, findings, groups):
    """Writes the cleaned table, which a later audit may replace; returns what `write_clean` does."""
    written = write_clean(collection, findings, groups, asked.clean, asked.seed)
    remember(asked.out, asked.clean)
    return written


def source_of(asked):
    """Returns the `DataSource` to look at; a model's own images are known again only at the size it was trained at."""
    image_size = asked.image_size
    own = read_card(asked.model).get("data_source") if asked.model else None
    if own and image_size is None:
        image_size = DataSource.from_record(own).image_size
    return DataSource(asked.dataset, asked.data_dir, image_size, seed=asked.seed)


def counts_by_kind(findings):
    """Returns a dict from each kind that was found to a dict of images, left_out and examples."""
    counts = {}
    for kind in KINDS:
        if those := [one for one in findings if one.kind == kind]:
            examples = [f"{one.name}: {one.reason}" for one in those[:_EXAMPLES]]
            left_out = sum(one.leaves_out for one in those)
            counts[kind] = {"images": len(those), "left_out": left_out, "examples": examples}
    return counts


def _classes(collection):
    return [
        {"name": name}
        | {split: int(((collection.labels == label) & (collection.splits == split)).sum()) for split in SPLITS}
        for label, name in enumerate(collection.class_names)
    ]
