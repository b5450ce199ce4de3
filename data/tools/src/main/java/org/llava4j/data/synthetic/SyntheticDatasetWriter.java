package org.llava4j.data.synthetic;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.AtomicFolder;
import org.llava4j.data.BadInputException;
import org.llava4j.data.records.RecordFiles;
import org.llava4j.data.scienceqa.ScienceQaProblem;

/**
 * Writer of the synthetic dataset: {@code problems.json}, {@code pid_splits.json} and {@code
 * images/<split>/<id>/image.png} (or {@code .jpg}) in ScienceQA's format, and for stage 1 {@code captions/chat.json}
 * with {@code captions/images/} in LLaVA's conversation format. All images differ, across splits and captions: an image
 * with known pixels is rendered again.
 */
public final class SyntheticDatasetWriter {
    private static final String PROBLEMS = "problems.json";
    private static final String TRAIN = "train";
    private static final int MAX_SAMPLING_ATTEMPTS = 1000;

    /** Instructions of stage 1; the template {@code plain} drops them, as the published stage 1 does. */
    private static final List<String> INSTRUCTIONS = List.of(
            "Say briefly what the picture shows.",
            "What is in this picture?",
            "Give a short caption for the image.",
            "Describe the image in one sentence.");

    /** Items that are rendered in parallel, and whose images are in memory together. */
    private static final int CHUNK_SIZE = 256;

    /** Split of the dataset, with its number of problems of each type. */
    private record Share(String split, int perType) {}

    /** Position of a problem in the dataset. */
    private record Slot(String pid, ProblemType type, int turn, String split) {}

    /**
     * Scene and image of one problem or caption.
     *
     * @param random generator of the item, after the scene and its image
     */
    private record Rendering(Scene scene, SplittableRandom random, EncodedImage image) {
        static Rendering of(Scene scene, SplittableRandom random) {
            return new Rendering(scene, random, EncodedImage.of(scene, random));
        }
    }

    /**
     * Problem before it is compared with the others.
     *
     * @param random generator of the problem, after the question and its image
     * @param rendering null for a text-only problem
     */
    private record Draft(
            Slot slot,
            SceneQuestion question,
            SplittableRandom random,
            @Nullable Rendering rendering) {}

    private interface Writing<T> {
        void write(T item) throws IOException;
    }

    private final ObjectMapper json = new ObjectMapper();
    private final SyntheticDatasetConfig config;
    private final Path folder;
    private final Set<String> seen = new HashSet<>();
    private final Set<ScienceQaProblem.Wording> trainWordings = new HashSet<>();

    private SyntheticDatasetWriter(SyntheticDatasetConfig config, Path folder) {
        this.config = config;
        this.folder = folder;
    }

    /**
     * Writes a dataset into {@code folder}, which appears when it is complete.
     *
     * @throws BadInputException if the folder cannot be written, or is not a former synthetic dataset
     */
    public static void write(SyntheticDatasetConfig config, Path folder) {
        try (AtomicFolder output = AtomicFolder.begin(folder, "world")) {
            SyntheticDatasetWriter writer = new SyntheticDatasetWriter(config, output.path());
            writer.writeProblems();
            writer.writeCaptions();
            output.commit();
        } catch (IOException e) {
            throw new BadInputException(
                    "cannot write the synthetic dataset to " + folder + ": " + e
                            + "; choose a folder that can be written",
                    e);
        }
    }

    private void writeProblems() throws IOException {
        ObjectNode splits = json.createObjectNode();
        List<Slot> slots = slots(splits);
        List<ScienceQaProblem> problems = new ArrayList<>();
        sampleAndWrite(slots, this::draft, draft -> problems.add(writeProblem(draft)));
        RecordFiles.writeScienceQa(folder.resolve(PROBLEMS), problems.iterator());
        json.writeValue(folder.resolve("pid_splits.json").toFile(), splits);
    }

    /** Returns the slots of all problems and adds their ids to {@code splits}. */
    private List<Slot> slots(ObjectNode splits) {
        List<Slot> slots = new ArrayList<>();
        List<Share> shares = List.of(
                new Share(TRAIN, config.trainPerType()),
                new Share("val", config.valPerType()),
                new Share("test", config.testPerType()));
        for (Share share : shares) {
            ArrayNode ids = splits.putArray(share.split);
            ArrayNode mini = json.createArrayNode();
            for (int turn = 0; turn < share.perType; turn++) {
                for (ProblemType type : ProblemType.values()) {
                    String pid = String.valueOf(slots.size() + 1);
                    slots.add(new Slot(pid, type, turn, share.split));
                    ids.add(pid);
                    // ScienceQA's mini splits are a tenth of the whole.
                    if (turn % 10 == 0) {
                        mini.add(pid);
                    }
                }
            }
            splits.set("mini" + share.split, mini);
        }
        return slots;
    }

    /**
     * Samples and renders items on all cores, and writes them one after another: each depends on its own generator
     * alone, until it is compared with those before it.
     */
    private static <T, R> void sampleAndWrite(List<T> items, Function<T, R> sample, Writing<R> writing)
            throws IOException {
        for (int from = 0; from < items.size(); from += CHUNK_SIZE) {
            List<T> chunk = items.subList(from, Math.min(items.size(), from + CHUNK_SIZE));
            for (R sampled : chunk.parallelStream().map(sample).toList()) {
                writing.write(sampled);
            }
        }
    }

    private Draft draft(Slot slot) {
        SplittableRandom random =
                SeededRandom.generator(config.seed(), slot.split + "/" + slot.type.label(), slot.turn);
        SceneQuestion question = ProblemGenerator.generate(slot.type, slot.turn, random);
        Scene scene = question.scene();
        return new Draft(slot, question, random, scene == null ? null : Rendering.of(scene, random));
    }

    private ScienceQaProblem writeProblem(Draft draft) throws IOException {
        Slot slot = draft.slot;
        Rendering rendering = draft.rendering;
        if (rendering == null) {
            return textOnly(draft);
        }
        EncodedImage image = fresh(rendering);
        String name = "image." + image.extension();
        Path imageFolder = Files.createDirectories(
                folder.resolve("images").resolve(slot.split).resolve(slot.pid));
        Files.write(imageFolder.resolve(name), image.bytes());
        return problem(slot, draft.question, name);
    }

    private static ScienceQaProblem problem(Slot slot, SceneQuestion question, String image) {
        return ProblemGenerator.toScienceQa(slot.pid, slot.type, slot.turn, question.question(), image, slot.split);
    }

    /**
     * Returns a text-only problem; one of another split is sampled until it differs from all of the train split, which is
     * written first.
     */
    private ScienceQaProblem textOnly(Draft draft) {
        Slot slot = draft.slot;
        ScienceQaProblem problem = problem(slot, draft.question, "");
        if (slot.split.equals(TRAIN)) {
            trainWordings.add(problem.wording());
            return problem;
        }
        for (int attempt = 0; attempt < MAX_SAMPLING_ATTEMPTS; attempt++) {
            if (!trainWordings.contains(problem.wording())) {
                return problem;
            }
            problem = problem(slot, ProblemGenerator.generate(slot.type, slot.turn, draft.random), "");
        }
        throw new BadInputException("no " + slot.type.label() + " problem for the " + slot.split
                + " split differs from those of the train split after " + MAX_SAMPLING_ATTEMPTS
                + " attempts; configure fewer train problems per type (now " + config.trainPerType() + ")");
    }

    /** Returns the image of a scene, rendered again while its pixels are known. */
    private EncodedImage fresh(Rendering rendering) {
        EncodedImage image = rendering.image;
        while (!seen.add(image.pixelHash())) {
            image = EncodedImage.of(rendering.scene, rendering.random);
        }
        return image;
    }

    private void writeCaptions() throws IOException {
        Path images = Files.createDirectories(folder.resolve("captions").resolve("images"));
        ArrayNode samples = json.createArrayNode();
        List<Integer> indices = IntStream.range(0, config.captions()).boxed().toList();
        sampleAndWrite(
                indices,
                this::renderCaptioned,
                rendering -> samples.add(writeCaption(samples.size(), rendering, images)));
        json.writeValue(folder.resolve("captions").resolve("chat.json").toFile(), samples);
    }

    private Rendering renderCaptioned(int index) {
        SplittableRandom random = SeededRandom.generator(config.seed(), "captions", index);
        return Rendering.of(Scene.random(random), random);
    }

    private ObjectNode writeCaption(int index, Rendering rendering, Path images) throws IOException {
        EncodedImage image = fresh(rendering);
        String name = String.format(Locale.ROOT, "world_%09d.%s", index, image.extension());
        Files.write(images.resolve(name), image.bytes());
        ObjectNode sample = json.createObjectNode();
        sample.put("id", String.valueOf(index));
        sample.put("image", name);
        SplittableRandom random = rendering.random;
        Scene scene = rendering.scene;
        ArrayNode turns = sample.putArray("conversations");
        turns.add(turn("human", "<image>\n" + SeededRandom.choice(INSTRUCTIONS, random)));
        turns.add(turn("gpt", config.labels() ? scene.label() : scene.caption(random)));
        return sample;
    }

    private ObjectNode turn(String from, String value) {
        return json.createObjectNode().put("from", from).put("value", value);
    }
}
