package org.llava4j.eval.inspect;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.config.ConfigWarnings;
import org.llava4j.data.gguf.GgufHeader;
import org.llava4j.data.image.ClipPreprocessing;
import org.llava4j.data.tokenizer.LlamaTokenizer;
import org.llava4j.data.tokenizer.TokenizerComparison;
import org.llava4j.data.tokenizer.TokenizerFiles;
import org.llava4j.model.ImageStartEndEmbeddings;
import org.llava4j.model.Llava;
import org.llava4j.model.TensorSource;
import org.llava4j.model.config.ClipConfig;
import org.llava4j.model.config.GenerationConfig;
import org.llava4j.model.config.LlamaConfig;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.config.VocabularyCheck;
import org.llava4j.model.folder.AdapterFiles;
import org.llava4j.model.folder.ModelSource;
import org.llava4j.model.lora.LoraConfig;
import org.llava4j.model.tensors.TensorFolder;
import org.llava4j.model.tensors.TensorInfo;
import org.llava4j.model.tensors.TensorStore;
import org.llava4j.model.tensors.TensorType;
import org.llava4j.model.weights.Checkpoint;
import org.llava4j.model.weights.FullModelCheck;
import org.llava4j.model.weights.WeightDtype;
import org.llava4j.model.weights.WeightPlan;

/**
 * Description of a model folder: its type, and the source of each weight.
 *
 * @param description type of the model, and layout of its tensor names
 * @param parametersByPart number of parameters of each part
 * @param tensorsByDtype number of stored tensors of each dtype or block format
 * @param bytesByDtype size of the stored tensors of each dtype or block format
 * @param kindsByFormat the tensors of each block format: their number by name, without the layer
 * @param variablesByFile number of weights that each file provides
 * @param skippedByReason number of stored tensors that are not loaded, by reason
 * @param warnings unusual findings, and values that the user must give
 * @param problems reasons why the model cannot be loaded; empty if it can
 */
public record Inspection(
        String description,
        SortedMap<String, Long> parametersByPart,
        SortedMap<String, Long> tensorsByDtype,
        SortedMap<String, Long> bytesByDtype,
        SortedMap<String, SortedMap<String, Long>> kindsByFormat,
        SortedMap<String, Long> variablesByFile,
        SortedMap<String, Long> skippedByReason,
        List<String> warnings,
        List<String> problems) {

    private static final List<String> PROJECTOR_FILES = List.of("mm_projector.safetensors", "mm_projector.bin");

    private static final Pattern LAYER = Pattern.compile("^model\\.(layers\\.\\d+\\.)?");

    /**
     * Inspects a model folder. Reads no weights.
     *
     * @param folder model folder, or projector file
     * @param visionTower folder of the vision tower, or null for the one that the config names
     * @throws BadInputException if the folder has no config or no weights, or they are malformed
     */
    public static Inspection of(Path folder, @Nullable Path visionTower) {
        Path projector = projector(folder);
        if (projector != null) {
            return ofProjector(projector);
        }
        FullModelCheck.requireFullModel(folder);
        List<String> warnings = new ArrayList<>();
        if (GgufHeader.isGguf(folder) && GgufHeader.read(folder).tensors().isEmpty()) {
            return ofVocabulary(folder);
        }
        if (!LlavaConfig.isLlava(folder, visionTower)) {
            boolean clip = LlavaConfig.isClip(folder);
            Map<String, long[]> variables = TensorSource.shapes(source -> {
                if (clip) {
                    Llava.buildClip(ClipConfig.read(folder), source);
                } else {
                    Llava.buildLlama(LlamaConfig.read(folder), source);
                }
            });
            if (!clip) {
                warnings.addAll(tokenizer(folder, LlamaConfig.read(folder).vocabSize()));
            }
            warnings.addAll(ConfigWarnings.in(folder));
            return of(clip ? "CLIP vision tower" : "LLaMA", Checkpoint.bare(folder), variables, warnings);
        }
        return of(ModelSource.of(folder, visionTower));
    }

    /**
     * Inspects a LLaVA, with its adapter if it has one. Reads no weights.
     *
     * @throws BadInputException if the adapter does not match the model, or a file is malformed
     */
    public static Inspection of(ModelSource source) {
        LlavaConfig config = source.config();
        Path tower = source.visionTower();
        SortedMap<String, long[]> lora = source.loraShapes();
        List<String> warnings =
                new ArrayList<>(tokenizer(source.folder(), config.decoder().vocabSize()));
        if (ClipPreprocessing.isIn(tower)) {
            ClipPreprocessing.read(tower);
        } else {
            warnings.add((GgufHeader.isGguf(tower)
                            ? "no clip.vision.image_mean in "
                            : "no preprocessor_config.json or processor_config.json with image settings in ")
                    + tower + ": CLIP's default preprocessing is used");
        }
        GenerationConfig.eosIds(source.folder());
        Stream.of(source.folder(), source.adapter(), tower)
                .filter(Objects::nonNull)
                .distinct()
                .forEach(folder -> warnings.addAll(ConfigWarnings.in(folder)));
        try {
            source.chatFormat(null);
        } catch (BadInputException e) {
            warnings.add("the model names no conversation template; give --conv-mode");
        }
        String what = "LLaVA, " + config.numImageTokens() + " tokens per image, projector "
                + config.projector().name().toLowerCase(Locale.ROOT)
                + (lora.isEmpty() ? "" : ", LoRA on " + lora.size() / 2 + " weights");
        return of(what, source.open(), Llava.weightShapes(config), warnings).withLora(source.adapter(), lora);
    }

    /** Adds A and B of an adapter. */
    private Inspection withLora(@Nullable Path adapter, SortedMap<String, long[]> lora) {
        if (adapter == null) {
            return this;
        }
        SortedMap<String, Long> parts = new TreeMap<>(parametersByPart);
        parts.putAll(parts(lora));
        SortedMap<String, Long> files = new TreeMap<>(variablesByFile);
        files.put(AdapterFiles.weights(adapter).get(0).toString(), (long) lora.size());
        return new Inspection(
                description,
                parts,
                tensorsByDtype,
                bytesByDtype,
                kindsByFormat,
                files,
                skippedByReason,
                warnings,
                problems);
    }

    /** The output of stage 1 alone: a projector file, or that of a folder that holds one and no model; else null. */
    private static @Nullable Path projector(Path path) {
        if (Files.isRegularFile(path)) {
            return GgufHeader.isGguf(path) ? null : path;
        }
        return TensorFolder.isIn(path)
                ? null
                : PROJECTOR_FILES.stream()
                        .map(path::resolve)
                        .filter(Files::isRegularFile)
                        .findFirst()
                        .orElse(null);
    }

    /** A GGUF file without weights, from which a converter takes the tokenizer. */
    private static Inspection ofVocabulary(Path file) {
        return new Inspection(
                "GGUF without weights, a tokenizer of "
                        + LlamaTokenizer.load(file).size() + " tokens",
                new TreeMap<>(),
                new TreeMap<>(),
                new TreeMap<>(),
                new TreeMap<>(),
                new TreeMap<>(),
                new TreeMap<>(),
                List.of(),
                List.of());
    }

    private static Inspection ofProjector(Path file) {
        SortedMap<String, Long> parts = new TreeMap<>();
        SortedMap<String, Long> types = new TreeMap<>();
        SortedMap<String, Long> bytes = new TreeMap<>();
        List<String> problems = new ArrayList<>();
        try (TensorStore store = TensorFolder.open(file)) {
            store.tensors().forEach((name, tensor) -> {
                parts.merge(part(name), tensor.length(), Long::sum);
                types.merge(tensor.type().name(), 1L, Long::sum);
                bytes.merge(tensor.type().name(), tensor.bytes(), Long::sum);
                if (!name.startsWith(Checkpoint.PROJECTOR_PREFIX) && !name.equals(ImageStartEndEmbeddings.TABLE)) {
                    problems.add(tensor + " does not belong in a projector file");
                }
            });
            return new Inspection(
                    "projector weights from stage 1: pass them as --pretrain-mm-mlp-adapter",
                    parts,
                    types,
                    bytes,
                    new TreeMap<>(),
                    new TreeMap<>(Map.of(file.toString(), (long) store.tensors().size())),
                    new TreeMap<>(),
                    List.of(),
                    problems);
        }
    }

    private static Inspection of(
            String what, Checkpoint checkpoint, Map<String, long[]> variables, List<String> warnings) {
        try (checkpoint) {
            WeightPlan plan = checkpoint.plan(variables);
            SortedMap<String, List<TensorInfo>> byType = checkpoint.tensorsByType();
            return new Inspection(
                    what
                            + (checkpoint.isGguf()
                                    ? ", GGUF"
                                    : ", layout " + checkpoint.layout() + quantization(checkpoint)),
                    parts(variables),
                    mapped(byType, tensors -> (long) tensors.size()),
                    mapped(
                            byType,
                            tensors -> tensors.stream()
                                    .mapToLong(TensorInfo::bytes)
                                    .sum()),
                    checkpoint.isGguf() ? kindsByFormat(byType) : new TreeMap<>(),
                    counted(plan.sources().values().stream()
                            .map(Inspection::fileOf)
                            .toList()),
                    counted(List.copyOf(plan.skipped().values())),
                    List.copyOf(warnings),
                    checkpoint.problems(variables));
        }
    }

    private static String quantization(Checkpoint checkpoint) {
        WeightDtype quantization = checkpoint.quantization();
        return quantization == null ? "" : ", quantized to " + quantization;
    }

    private static List<String> tokenizer(Path folder, int vocabulary) {
        if (!TokenizerFiles.isIn(folder)) {
            return List.of(
                    GgufHeader.isGguf(folder)
                            ? "no tokenizer.ggml.model in " + folder
                            : "no tokenizer.json or tokenizer.model in " + folder);
        }
        // ConfigWarnings lists the warnings of this check.
        LlamaTokenizer tokenizer = VocabularyCheck.load(folder, vocabulary);
        long unused = IntStream.range(0, vocabulary)
                .filter(id -> !tokenizer.isDefined(id))
                .count();
        List<String> warnings = new ArrayList<>();
        if (unused > 0) {
            warnings.add(unused + " of the " + vocabulary + " rows of the token embeddings have no token in the"
                    + " tokenizer and are never generated");
        }
        String difference = TokenizerComparison.difference(folder);
        if (difference != null) {
            warnings.add(difference);
        }
        return warnings;
    }

    /** Number of parameters of vision tower, projector, decoder layers and token embeddings. */
    private static SortedMap<String, Long> parts(Map<String, long[]> variables) {
        SortedMap<String, Long> parts = new TreeMap<>();
        variables.forEach((name, shape) -> {
            long count = 1;
            for (long size : shape) {
                count *= size;
            }
            parts.merge(part(name), count, Long::sum);
        });
        return parts;
    }

    private static String part(String variable) {
        if (LoraConfig.isLora(variable)) {
            return "LoRA";
        }
        if (variable.contains("vision_model.")) {
            return "vision tower";
        }
        if (variable.startsWith(Checkpoint.PROJECTOR_PREFIX)) {
            return "projector";
        }
        return variable.contains("embed_tokens") || variable.startsWith("lm_head")
                ? "embeddings, LM head"
                : "decoder layers";
    }

    private static SortedMap<String, SortedMap<String, Long>> kindsByFormat(
            SortedMap<String, List<TensorInfo>> tensorsByType) {
        SortedMap<String, SortedMap<String, Long>> kinds = mapped(tensorsByType, Inspection::kinds);
        kinds.keySet()
                .removeIf(type -> Arrays.stream(TensorType.values())
                        .anyMatch(plain -> plain.name().equals(type)));
        return kinds;
    }

    private static SortedMap<String, Long> kinds(List<TensorInfo> tensors) {
        return counted(tensors.stream()
                .map(tensor -> LAYER.matcher(tensor.name()).replaceFirst("").replaceFirst("\\.weight$", ""))
                .toList());
    }

    private static <A, B> SortedMap<String, B> mapped(SortedMap<String, A> map, Function<A, B> function) {
        SortedMap<String, B> mapped = new TreeMap<>();
        map.forEach((key, value) -> mapped.put(key, function.apply(value)));
        return mapped;
    }

    private static String fileOf(String source) {
        return source.substring(0, Math.max(0, source.lastIndexOf(':')));
    }

    private static SortedMap<String, Long> counted(List<String> values) {
        return new TreeMap<>(values.stream().collect(Collectors.groupingBy(value -> value, Collectors.counting())));
    }

    /** Total number of parameters. */
    public long parameters() {
        return parametersByPart.values().stream().mapToLong(Long::longValue).sum();
    }
}
