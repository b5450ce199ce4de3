package org.llava4j.eval;

import java.nio.file.Path;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Option;
import org.apache.commons.cli.Options;
import org.llava4j.data.InputPaths;
import org.llava4j.data.cli.AddressSpace;
import org.llava4j.data.cli.Command;
import org.llava4j.eval.report.Report;
import org.llava4j.model.LlavaModel;
import org.llava4j.model.config.ChatFormat;
import org.llava4j.model.folder.ModelManifest;
import org.llava4j.model.weights.VisionTowerResolver;
import org.llava4j.model.weights.WeightDtype;

/**
 * Which model a goal asks, as its flags say.
 *
 * @param folder the LLaVA folder
 * @param visionTower the CLIP folder
 * @param dtype how its matrices are kept
 */
public record ModelSpec(Path folder, Path visionTower, ChatFormat chatFormat, WeightDtype dtype) {
    /** A model that comes with the project: what the demo trains, see its folder. */
    private static final String DEFAULT_MODEL = "resources/tiny/llava";

    /** Flag of the commands that take messages from users. */
    private static final String SPECIAL_TOKENS = "special-tokens-in-text";

    public static Option specialTokensFlag() {
        return Command.toggle(
                SPECIAL_TOKENS, "read special tokens in messages, such as </s>, as tokens (default: as ordinary text)");
    }

    public static boolean specialTokensInText(CommandLine line) {
        return line.hasOption(SPECIAL_TOKENS);
    }

    public static Options addFlags(Options options) {
        return options.addOption(Command.flag("model-path", "DIR", "the LLaVA folder (default " + DEFAULT_MODEL + ")"))
                .addOption(Command.flag(
                        "vision-tower", "DIR", "the CLIP folder, if config.json does not name a local one"))
                .addOption(Command.flag("conv-mode", "NAME", "conversation template, if config.json does not name it"))
                .addOption(Command.flag("dtype", "TYPE", "memory of the matrices: fp32 (default), bf16, fp16 or int8"));
    }

    /** @throws org.llava4j.data.BadInputException if the folder does not say what the flags leave open */
    public static ModelSpec of(CommandLine line) {
        Path folder = Path.of(line.getOptionValue("model-path", DEFAULT_MODEL));
        String tower = line.getOptionValue("vision-tower");
        return new ModelSpec(
                folder,
                VisionTowerResolver.resolve(folder, tower == null ? null : Path.of(tower)),
                ChatFormat.of(folder, line.getOptionValue("conv-mode")),
                WeightDtype.forInference(line.getOptionValue("dtype", WeightDtype.FP32.toString())));
    }

    /** The folders that the model is read from. */
    public InputPaths inputs() {
        return InputPaths.of(folder, visionTower);
    }

    /** Tells which model this is, by what is in its files: a report's settings. */
    public void describe(Report.Builder report) {
        report.setting("model", folder.toAbsolutePath().normalize().getFileName())
                .setting("model sha256", ModelManifest.hash(folder))
                .setting("tower sha256", ModelManifest.hash(visionTower))
                .setting("template", chatFormat.template().name())
                .setting("image first", chatFormat.imageFirst())
                .setting("matrices in", dtype)
                .setting("LLaVA4J", ModelManifest.version());
    }

    /** @throws OutOfMemoryError if a limit of the address space leaves no room for native libraries */
    public LlavaModel load() {
        AddressSpace.require(AddressSpace.NATIVE_CODE_BYTES, "native code");
        return LlavaModel.load(folder, visionTower, chatFormat, dtype);
    }
}
