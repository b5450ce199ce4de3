package org.llava4j.eval.inspect;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.llava4j.data.BadInputException;
import org.llava4j.data.config.ConfigWarnings;
import org.llava4j.data.image.ClipPreprocessing;
import org.llava4j.data.tensors.TensorFolder;
import org.llava4j.data.tensors.TensorStore;
import org.llava4j.data.tensors.TensorType;
import org.llava4j.data.tokenizer.LlamaTokenizer;
import org.llava4j.model.ImageStartEndEmbeddings;
import org.llava4j.model.Llava;
import org.llava4j.model.config.ChatFormat;
import org.llava4j.model.config.ClipConfig;
import org.llava4j.model.config.GenerationConfig;
import org.llava4j.model.config.LlamaConfig;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.config.VocabularyCheck;
import org.llava4j.model.weights.Checkpoint;
import org.llava4j.model.weights.TensorSource;
import org.llava4j.model.weights.VisionTowerResolver;
import org.llava4j.model.weights.WeightPlan;

/**
 * What a folder is and what would be loaded from where.
 *
 * @param description kind of model, and how its tensors are named
 * @param parametersByPart number of parameters by part
 * @param tensorsByDtype how many stored tensors there are of each type
 * @param variablesByFile how many variables come from each place
 * @param skippedByReason how many stored tensors stay unread for each reason
 * @param warnings what is unusual or must be given by hand
 * @param problems why it would not load; none if it would
 */
public record Inspection(
        String description,
        SortedMap<String, Long> parametersByPart,
        SortedMap<TensorType, Long> tensorsByDtype,
        SortedMap<String, Long> variablesByFile,
        SortedMap<String, Long> skippedByReason,
        List<String> warnings,
        List<String> problems) {

    private static final List<String> PROJECTOR_FILES = List.of("mm_projector.safetensors", "mm_projector.bin");

    /**
     * @param folder a model folder, or a projector's file
     * @param visionTower the tower's folder, or null for the one that the config names
     * @throws BadInputException if the folder has no config or no weights, or they are broken
     */
    public static Inspection of(Path folder, Path visionTower) {
        Optional<Path> projector = projector(folder);
        if (projector.isPresent()) {
            return ofProjector(projector.get());
        }
        List<String> odd = new ArrayList<>();
        if (!LlavaConfig.isLlava(folder)) {
            boolean clip = LlavaConfig.isClip(folder);
            Map<String, long[]> variables = TensorSource.shapes(source -> {
                if (clip) {
                    Llava.buildClip(ClipConfig.read(folder), source);
                } else {
                    Llava.buildLlama(LlamaConfig.read(folder), source);
                }
            });
            if (!clip) {
                odd.addAll(tokenizer(folder, LlamaConfig.read(folder).vocabSize()));
            }
            odd.addAll(ConfigWarnings.in(folder));
            return of(clip ? "CLIP vision tower" : "LLaMA", Checkpoint.bare(folder), variables, odd);
        }
        Path tower = VisionTowerResolver.resolve(folder, visionTower);
        LlavaConfig config = LlavaConfig.read(folder, tower);
        Map<String, long[]> variables = Llava.weightShapes(config);
        odd.addAll(tokenizer(folder, config.decoder().vocabSize()));
        if (ClipPreprocessing.isIn(tower)) {
            ClipPreprocessing.read(tower);
        } else {
            odd.add("no preprocessor_config.json in " + tower + ": CLIP's own preprocessing is taken");
        }
        GenerationConfig.eosIds(folder);
        odd.addAll(ConfigWarnings.in(folder));
        if (!tower.equals(folder)) {
            odd.addAll(ConfigWarnings.in(tower));
        }
        try {
            ChatFormat.of(folder);
        } catch (BadInputException e) {
            odd.add("no conversation template is named: give --conv-mode");
        }
        String what = "LLaVA, " + config.numImageTokens() + " vectors an image, projector "
                + config.projector().name().toLowerCase(Locale.ROOT);
        return of(what, Checkpoint.llava(folder, tower), variables, odd);
    }

    /** Stage 1's result alone: a file, or a folder that holds one and no model. */
    private static Optional<Path> projector(Path path) {
        if (Files.isRegularFile(path)) {
            return Optional.of(path);
        }
        return TensorFolder.isIn(path)
                ? Optional.empty()
                : PROJECTOR_FILES.stream()
                        .map(path::resolve)
                        .filter(Files::isRegularFile)
                        .findFirst();
    }

    private static Inspection ofProjector(Path file) {
        SortedMap<String, Long> parts = new TreeMap<>();
        SortedMap<TensorType, Long> types = new TreeMap<>();
        List<String> problems = new ArrayList<>();
        try (TensorStore store = TensorFolder.open(file)) {
            store.tensors().forEach((name, tensor) -> {
                parts.merge(part(name), tensor.length(), Long::sum);
                types.merge(tensor.type(), 1L, Long::sum);
                if (!name.startsWith(Checkpoint.PROJECTOR_PREFIX) && !name.equals(ImageStartEndEmbeddings.TABLE)) {
                    problems.add(tensor + " is no part of a projector's file");
                }
            });
            return new Inspection(
                    "projector alone, stage 1's result: give it as --pretrain-mm-mlp-adapter",
                    parts,
                    types,
                    new TreeMap<>(Map.of(file.toString(), (long) store.tensors().size())),
                    new TreeMap<>(),
                    List.of(),
                    problems);
        }
    }

    private static Inspection of(String what, Checkpoint checkpoint, Map<String, long[]> variables, List<String> odd) {
        try (checkpoint) {
            WeightPlan plan = checkpoint.plan(variables);
            return new Inspection(
                    what + ", layout " + checkpoint.layout(),
                    parts(variables),
                    checkpoint.tensorCountsByType(),
                    counted(plan.sources().values().stream()
                            .map(Inspection::place)
                            .toList()),
                    counted(List.copyOf(plan.skipped().values())),
                    List.copyOf(odd),
                    checkpoint.problems(variables));
        }
    }

    private static List<String> tokenizer(Path folder, int vocabulary) {
        if (!Files.isRegularFile(folder.resolve("tokenizer.model"))) {
            return List.of("no tokenizer.model in " + folder);
        }
        // Its warnings are listed with those of the config.
        LlamaTokenizer tokenizer = VocabularyCheck.load(folder, vocabulary);
        long without = IntStream.range(0, vocabulary)
                .filter(id -> !tokenizer.isDefined(id))
                .count();
        return without == 0
                ? List.of()
                : List.of(without + " of the " + vocabulary + " rows of the token table belong to no token of the"
                        + " tokenizer and are never generated");
    }

    /** Parameters of tower, projector, decoder and head. */
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
        if (variable.contains("vision_model.")) {
            return "vision tower";
        }
        if (variable.startsWith(Checkpoint.PROJECTOR_PREFIX)) {
            return "projector";
        }
        return variable.contains("embed_tokens") || variable.startsWith("lm_head") ? "words" : "decoder layers";
    }

    private static String place(String source) {
        return source.substring(0, Math.max(0, source.lastIndexOf(':')));
    }

    private static SortedMap<String, Long> counted(List<String> values) {
        return new TreeMap<>(values.stream().collect(Collectors.groupingBy(value -> value, Collectors.counting())));
    }

    /** Parameters of all parts. */
    public long parameters() {
        return parametersByPart.values().stream().mapToLong(Long::longValue).sum();
    }
}
