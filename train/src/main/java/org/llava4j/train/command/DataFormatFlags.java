package org.llava4j.train.command;

import static org.llava4j.cli.Command.flag;

import java.util.Map;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.llava4j.data.EnumName;
import org.llava4j.data.scienceqa.ScienceQaPrompt;
import org.llava4j.train.stage.DataArguments.DataFormat;

/** Command-line flags of the format of a stage's data. */
final class DataFormatFlags {
    private static final String FORMAT = "data-format";
    private static final String PROMPT = "prompt-format";
    private static final String SPLIT = "split";

    private DataFormatFlags() {}

    static void add(Options options) {
        options.addOption(flag(
                        FORMAT,
                        "FORMAT",
                        "format of the data: conversations, scienceqa, or mixed: files of conversations and ScienceQA's"
                                + " folder in one run (default: the stage's)"))
                .addOption(flag(PROMPT, "FORMAT", "parts of a ScienceQA answer: LEPA, LEA, EA, A, ALE or LETTER"))
                .addOption(flag(SPLIT, "NAME", "ScienceQA split: train, minitrain or another of pid_splits.json"));
    }

    /**
     * Adds the stage values that the flags change.
     *
     * @throws org.llava4j.data.BadInputException if a format is unknown
     */
    static void addChanges(CommandLine line, Map<String, Object> changes) {
        if (line.hasOption(FORMAT)) {
            changes.put("dataFormat", EnumName.parse(DataFormat.class, "--" + FORMAT, line.getOptionValue(FORMAT)));
        }
        if (line.hasOption(PROMPT)) {
            changes.put("promptFormat", ScienceQaPrompt.named(line.getOptionValue(PROMPT)));
        }
        if (line.hasOption(SPLIT)) {
            changes.put("split", line.getOptionValue(SPLIT));
        }
    }
}
