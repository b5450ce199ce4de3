package org.llava4j.train.command;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.llava4j.cli.Command;
import org.llava4j.cli.VisionTowerFlags;
import org.llava4j.data.BadInputException;
import org.llava4j.data.InputPaths;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.train.data.DataSource;
import org.llava4j.train.data.SampleEncoding;
import org.llava4j.train.run.RunPaths;
import org.llava4j.train.stage.Stage;
import org.llava4j.train.stage.Stages;

/** Command-line flags of a command that encodes samples as a stage does. */
public final class SampleEncodingFlags {
    private SampleEncodingFlags() {}

    /** Adds the flags of a command that reads data as a stage does. */
    public static Options addTo(Options options) {
        DataFormatFlags.add(options);
        return VisionTowerFlags.addTo(options, "CLIP folder, its config.json or a published name")
                .addOption(Command.required(
                        "model-path", "DIR|FILE", "LLaVA or LLaMA folder, or GGUF file, for tokenizer and config"))
                .addOption(Command.required(
                        "data-path", "PATH,...", "LLaVA's conversation JSON or ScienceQA's folder; one or more"))
                .addOption(
                        Command.flag("image-folder", "DIR,...", "image folders: one for all sources, or one for each"))
                .addOption(Command.alias(
                        Command.flag("stage", "NAME|FILE", "the stage that will train on it (default finetune)"),
                        "recipe"))
                .addOption(Command.flag("conv-mode", "NAME", "conversation template (default: the stage's)"))
                .addOption(V0LabelsFlag.option())
                .addOption(Command.flag("model-max-length", "N", "maximum sequence length (default: the stage's)"));
    }

    /**
     * Parses those flags.
     *
     * @throws BadInputException if the model is missing or broken
     */
    public static SampleEncoding of(CommandLine line) {
        Map<String, Object> changes = new LinkedHashMap<>();
        if (line.hasOption("conv-mode")) {
            changes.put("convMode", line.getOptionValue("conv-mode"));
        }
        if (line.hasOption("model-max-length")) {
            changes.put("modelMaxLength", Command.atLeast(1, line, "model-max-length", 1));
        }
        DataFormatFlags.addChanges(line, changes);
        Stage stage = V0LabelsFlag.apply(
                line, Stages.with(Stages.of(line.getOptionValue("stage", Stages.FINETUNE)), changes));
        Path model = Command.existing("model-path", Path.of(line.getOptionValue("model-path")));
        return new SampleEncoding(
                stage, model, LlavaConfig.read(model, RunPaths.towerFolder(model, VisionTowerFlags.path(line))));
    }

    /** Files and folders that a command with those flags reads. */
    public static InputPaths inputs(CommandLine line) {
        InputPaths inputs = InputPaths.of(Path.of(line.getOptionValue("model-path")), VisionTowerFlags.path(line))
                .andIfJsonFile(line.getOptionValue("stage"))
                .andIfJsonFile(line.getOptionValue("conv-mode"));
        for (DataSource source : DataSourceFlags.singleStage().sources(line)) {
            inputs = inputs.and(source.data()).andWithoutLinks(source.images());
        }
        return inputs;
    }
}
