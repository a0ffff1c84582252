"""Examples of each command, as ``--help`` and the manual page show them."""

#: By a command's name: what is typed behind ``batchdigits``, and what that does.
EXAMPLES: dict[str, tuple[tuple[str, str], ...]] = {
    "": (
        ("run my-scans my-results", "Read a folder of scans."),
        ("predict digit.png", "Read one image and print its digit."),
    ),
    "run": (
        ("run my-scans my-results", "Read what is new in my-scans, and write my-results."),
        ("run my-scans my-results --xlsx --dry-run", "Only say what would be read and moved."),
    ),
    "watch": (
        ("watch my-scans my-results", "Read each scan as it arrives."),
        ("watch my-scans my-results --processed move", "Move scans away once they are read."),
    ),
    "predict": (
        ("predict digit.png", "Print the digit, and how sure that is."),
        ("predict digit.png --save seen.png", "Also draw what the model saw."),
    ),
    "status": (
        ("status my-results", "Say how the watcher is, or what a run left to look at."),
        ("status my-results --json", "The same for a monitor."),
    ),
    "correct": (
        ("correct my-results corrections.csv", "Apply what was corrected on the page."),
        ("correct my-results --export checked", "Copy all checked scans, sorted by digit."),
    ),
    "review": (
        ("review my-results", "Look at all pages in the browser, and correct them."),
        ("review my-results --no-browser --port 8080", "Only print where the page is."),
    ),
    "report": (
        ("report my-results --xlsx", "Write all reports again, with a workbook."),
        (
            "report my-results --where 'digit = 7 and confidence < 0.9' --to sevens",
            "Write reports of some rows into a new folder.",
        ),
    ),
    "requeue": (
        ("requeue my-results", "Move all files in quarantine back to the inbox."),
        ("requeue my-results --reason truncated", "Only those that were cut off."),
    ),
    "verify": (
        ("verify my-results", "Say what differs; nothing is changed."),
        ("verify my-results --repair", "Repair what can be repaired."),
    ),
    "evaluate": (
        (
            "evaluate my-labelled-scans",
            "Read a folder with sub-folders 0 to 9, and count what is right.",
        ),
        ("evaluate mnist mnist-results", "Measure on MNIST's test part."),
    ),
    "train": (
        ("train --arch mlp --hidden 128 128 --epochs 3", "Train a small network on MNIST."),
        ("train --from digits --data checked --name ours", "Fine-tune the bundled model."),
    ),
    "explore": (
        ("explore mnist", "Count MNIST's digits and draw some of each."),
        ("explore checked --save checked.png", "The same of a folder with sub-folders 0 to 9."),
    ),
    "completion": (
        ("completion bash > ~/.local/share/bash-completion/completions/batchdigits", "For bash."),
        ("completion fish > ~/.config/fish/completions/batchdigits.fish", "For fish."),
    ),
    "models": (
        ("models", "List all models."),
        ("models show digits", "Show what is known of the bundled one."),
    ),
    "models list": (
        ("models list", "List all models."),
        ("models list --json", "The same for a script."),
    ),
    "models show": (
        ("models show digits", "Show what is known of the bundled model."),
        ("models show their.onnx", "Show what is known of a file made elsewhere."),
    ),
    "models default": (
        ("models default", "Print the name of your default model."),
        ("models default mine", "Read with mine where no model is named."),
    ),
    "models export": (
        ("models export mine for-others", "Copy a model and its card to a folder."),
        ("models export digits here", "Copy the bundled model."),
    ),
}
