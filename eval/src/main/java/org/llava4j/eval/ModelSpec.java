package org.llava4j.eval;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Option;
import org.apache.commons.cli.Options;
import org.jspecify.annotations.Nullable;
import org.llava4j.cli.Command;
import org.llava4j.cli.ShippedFiles;
import org.llava4j.cli.VisionTowerFlags;
import org.llava4j.data.BadInputException;
import org.llava4j.data.CloseOnFailure;
import org.llava4j.data.InputPaths;
import org.llava4j.data.InputSnapshot;
import org.llava4j.data.Sha256;
import org.llava4j.data.conversation.ConversationTemplate;
import org.llava4j.data.conversation.ConversationTemplates;
import org.llava4j.data.image.ExifOrientation;
import org.llava4j.data.memory.AddressSpace;
import org.llava4j.eval.report.Report;
import org.llava4j.model.chat.LlavaModel;
import org.llava4j.model.config.ChatFormat;
import org.llava4j.model.features.TowerFeatures;
import org.llava4j.model.folder.ModelManifest;
import org.llava4j.model.folder.ModelSource;
import org.llava4j.model.weights.WeightDtype;

/**
 * Model of an evaluation or inference command, as given by its flags.
 *
 * @param source LLaVA folder, or base model and LoRA adapter
 * @param dtype storage type of the weight matrices: float32, 16-bit floating point or quantized
 * @param exifOrientation treatment of the EXIF orientation of images
 * @param files the model's files, as they are before the first of them is read
 */
public record ModelSpec(
        ModelSource source,
        ChatFormat chatFormat,
        WeightDtype dtype,
        ExifOrientation exifOrientation,
        InputSnapshot files) {
    /** The small model that ships with the project, trained by the demo. */
    private static final String DEFAULT_MODEL = "resources/tiny/llava";

    private static final String MMAP = "mmap";

    private static final String NO_MMAP = "no-mmap";

    /** Flag of the commands that accept messages from users. */
    private static final String CACHE = "cache-mb";

    private static final String SPECIAL_TOKENS = "special-tokens-in-text";

    private static final String EXIF_ORIENTATION = "exif-orientation";

    /** The flag that makes special tokens in user messages count as tokens. */
    public static Option specialTokensFlag() {
        return Command.toggle(
                SPECIAL_TOKENS,
                "parse special tokens in messages, such as </s>, as tokens (default: as ordinary text)");
    }

    /** Whether the flag {@link #specialTokensFlag} is given. */
    public static boolean specialTokensInText(CommandLine line) {
        return line.hasOption(SPECIAL_TOKENS);
    }

    /** {@code --cache-mb}: memory for the keys and values of earlier prompts and answers. */
    public static Option cacheFlag() {
        return Command.flag(
                CACHE,
                "N",
                "memory in megabytes for the KV caches of finished answers, which a prompt with the same beginning reuses"
                        + " (default " + (LlavaModel.DEFAULT_MAX_CACHE_BYTES >> 20) + "; 0 for none)");
    }

    /**
     * Adds {@code --model-path}, {@code --vision-tower}, {@code --conv-mode}, {@code --dtype}, {@code --mmap},
     * {@code --no-mmap}, {@code --exif-orientation} and the flags of {@link AdapterFlags}.
     */
    public static Options addFlags(Options options) {
        return VisionTowerFlags.addTo(
                        AdapterFlags.addTo(options), "CLIP folder, if config.json does not name a local one")
                .addOption(Command.flag(
                        "model-path",
                        "DIR|FILE",
                        "LLaVA model folder, or GGUF file of a decoder (default " + DEFAULT_MODEL + ")"))
                .addOption(Command.flag("conv-mode", "NAME", "conversation template, if config.json does not name it"))
                .addOption(
                        Command.flag(
                                "dtype",
                                "TYPE",
                                "weight dtype: fp32, bf16, fp16, q8, q4 or stored (default: stored for a quantized folder or a GGUF file, else fp32)"))
                .addOption(Command.toggle(
                        MMAP, "map the weights that are stored in the weight dtype instead of reading them (default)"))
                .addOption(Command.toggle(NO_MMAP, "read all weights into the memory of this process"))
                .addOption(Command.flag(
                        EXIF_ORIENTATION,
                        "MODE",
                        "EXIF orientation of images: apply (default of chat and serve) or ignore (default of"
                                + " evaluation)"));
    }

    /**
     * Reads the flags of an evaluation, which leaves images as stored by default. Values that the flags leave out come
     * from the model folder.
     *
     * @throws org.llava4j.data.BadInputException if the folder does not define a value that the flags leave out
     */
    public static ModelSpec of(CommandLine line) {
        return of(line, ExifOrientation.IGNORE);
    }

    /** As {@link #of(CommandLine)}, with another default treatment of the EXIF orientation. */
    public static ModelSpec of(CommandLine line, ExifOrientation defaultOrientation) {
        String convMode = line.getOptionValue("conv-mode");
        // Only the flags and a config tell which folders the model is in, so that config is read again afterwards.
        InputSnapshot files = files(AdapterFlags.source(line, modelPath(line)), convMode);
        ModelSource source = AdapterFlags.source(line, modelPath(line)).withMmap(mmap(line));
        return new ModelSpec(
                source,
                source.chatFormat(convMode),
                line.hasOption("dtype") ? WeightDtype.forInference(line.getOptionValue("dtype")) : source.storedDtype(),
                ExifOrientation.fromName(line.getOptionValue(EXIF_ORIENTATION, defaultOrientation.optionName())),
                files);
    }

    /** The model that a training run wrote, in float32. Its images stay as stored. */
    public static ModelSpec ofTrained(Path folder, ChatFormat chatFormat) {
        InputSnapshot files = files(ModelSource.of(folder), null);
        return new ModelSpec(ModelSource.of(folder), chatFormat, WeightDtype.FP32, ExifOrientation.IGNORE, files);
    }

    private static InputSnapshot files(ModelSource source, @Nullable String convMode) {
        List<Path> roots = new ArrayList<>(List.of(source.folder(), source.visionTower()));
        if (source.adapter() != null) {
            roots.add(source.adapter());
        }
        if (convMode != null && convMode.endsWith(".json")) {
            roots.add(Path.of(convMode));
        }
        return InputSnapshot.ofFolders(roots);
    }

    private static Path modelPath(CommandLine line) {
        String path = line.getOptionValue("model-path");
        return path == null ? ShippedFiles.path(DEFAULT_MODEL) : Path.of(path);
    }

    private static boolean mmap(CommandLine line) {
        if (line.hasOption(MMAP) && line.hasOption(NO_MMAP)) {
            throw new BadInputException("--mmap and --no-mmap exclude each other; give one of them");
        }
        return !line.hasOption(NO_MMAP);
    }

    /** The input folders of the model. */
    public InputPaths inputs() {
        return InputPaths.of(source.folder(), source.visionTower(), source.adapter());
    }

    /** Adds name, content hashes, conversation template, dtype and library version to a report's run configuration. */
    public void describe(Report report) {
        Path adapter = source.adapter();
        report.setting("model", source.baseName())
                .setting("model sha256", ModelManifest.hash(source.folder()))
                .setting("tower sha256", ModelManifest.hash(source.visionTower()));
        if (adapter != null) {
            report.setting("adapter", source.name()).setting("adapter sha256", ModelManifest.hash(adapter));
        }
        report.setting("template", templateName())
                .setting("image first", chatFormat.imageFirst())
                .setting("dtype", dtype)
                .setting("EXIF orientation", exifOrientation.optionName())
                .setting("LLaVA4J", ModelManifest.version());
    }

    /** A built-in template counts by its name, another one by its content. */
    private String templateName() {
        ConversationTemplate template = chatFormat.template();
        return ConversationTemplates.isBuiltIn(template)
                ? template.name()
                : template.name() + ", sha256 "
                        + Sha256.of(ConversationTemplates.json(template).getBytes(StandardCharsets.UTF_8));
    }

    /**
     * Loads the model for conversations, with the memory of {@link #cacheFlag}.
     *
     * @param log receives a line about how it was loaded
     */
    public LlavaModel loadForChat(CommandLine line, Consumer<String> log) {
        int defaultMegabytes = Math.toIntExact(LlavaModel.DEFAULT_MAX_CACHE_BYTES >> 20);
        long cacheBytes = (long) Command.atLeast(0, line, CACHE, defaultMegabytes) << 20;
        long startNanos = System.nanoTime();
        LlavaModel model = load();
        log.accept(String.format(
                Locale.ROOT,
                "loaded %s in %s: %s of weights, in %.1f s",
                source.name(),
                dtype,
                model.weightMemory(),
                (System.nanoTime() - startNanos) / 1e9));
        model.setMaxCacheBytes(cacheBytes);
        return model;
    }

    /**
     * Loads the model for evaluation: no answer reuses the KV cache of another, so that the order of questions does not
     * change the rounding.
     *
     * @throws BadInputException if a file of the model has changed since this was created, so that parts of two models
     *     would be joined
     * @throws OutOfMemoryError if the address-space limit leaves no room for native libraries
     */
    public LlavaModel load() {
        AddressSpace.require(AddressSpace.NATIVE_CODE_BYTES, "native code");
        TowerFeatures features = TowerFeatures.load(source, dtype);
        LlavaModel model = LlavaModel.load(source, chatFormat, dtype, features.withOrientation(exifOrientation));
        return CloseOnFailure.run(model, () -> {
            files.requireUnchanged();
            model.setMaxCacheBytes(0);
            return model;
        });
    }
}
