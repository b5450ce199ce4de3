package org.llava4j.data.synthetic;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.llava4j.data.AtomicFolder;
import org.llava4j.data.BadInputException;
import org.llava4j.data.records.RecordFiles;
import org.llava4j.data.scienceqa.ScienceQaProblem;

/**
 * Writes the drawn world as files: {@code problems.json}, {@code pid_splits.json} and
 * {@code images/<split>/<id>/image.png} (or {@code .jpg}) as ScienceQA has them, and for stage 1
 * {@code captions/chat.json} with {@code captions/images/} in LLaVA's conversation format.
 * No image occurs twice across splits and captions: an image with known pixels is rendered again. No text-only problem
 * of the validation and test splits has the wording of one of the train split: such a problem is sampled again.
 */
public final class SyntheticDatasetWriter {
    private static final String PROBLEMS = "problems.json";
    private static final String TRAIN = "train";
    private static final int MAX_SAMPLING_ATTEMPTS = 1000;

    /** What stage 1 asks; the template {@code plain} drops it, as the published stage 1 does. */
    private static final List<String> INSTRUCTIONS = List.of(
            "Say briefly what the picture shows.",
            "What is in this picture?",
            "Give a short caption for the image.",
            "Describe the image in one sentence.");

    /** One share of the plan: how many problems of each kind go to a split. */
    private record Share(String split, int perType) {}

    private final ObjectMapper json = new ObjectMapper();
    private final SyntheticDatasetConfig plan;
    private final Path folder;
    private final Set<String> seen = new HashSet<>();
    private final Set<ScienceQaProblem.Wording> trainWordings = new HashSet<>();

    private SyntheticDatasetWriter(SyntheticDatasetConfig plan, Path folder) {
        this.plan = plan;
        this.folder = folder;
    }

    /**
     * Draws everything the plan asks for into {@code folder}, which appears only when complete.
     *
     * @throws BadInputException if the folder cannot be written, or holds something that is no former drawn world, or
     *     the plan asks for more text-only problems than there are different ones
     */
    public static void write(SyntheticDatasetConfig plan, Path folder) {
        try (AtomicFolder whole = AtomicFolder.begin(folder, "world")) {
            SyntheticDatasetWriter writer = new SyntheticDatasetWriter(plan, whole.path());
            writer.writeProblems();
            writer.writeCaptions();
            whole.commit();
        } catch (IOException e) {
            throw new BadInputException(
                    "cannot write the drawn world to " + folder + ": " + e + "; choose a folder that can be written",
                    e);
        }
    }

    private void writeProblems() throws IOException {
        Map<String, ScienceQaProblem> problems = new LinkedHashMap<>();
        ObjectNode splits = json.createObjectNode();
        int id = 0;
        List<Share> shares = List.of(
                new Share(TRAIN, plan.trainPerType()),
                new Share("val", plan.valPerType()),
                new Share("test", plan.testPerType()));
        for (Share share : shares) {
            ArrayNode ids = splits.putArray(share.split);
            ArrayNode mini = json.createArrayNode();
            for (int turn = 0; turn < share.perType; turn++) {
                for (ProblemType kind : ProblemType.values()) {
                    String pid = String.valueOf(++id);
                    problems.put(pid, writeProblem(pid, kind, turn, share.split));
                    ids.add(pid);
                    // ScienceQA's mini splits are a tenth of the whole.
                    if (turn % 10 == 0) {
                        mini.add(pid);
                    }
                }
            }
            splits.set("mini" + share.split, mini);
        }
        RecordFiles.writeScienceQa(folder.resolve(PROBLEMS), problems);
        json.writeValue(folder.resolve("pid_splits.json").toFile(), splits);
    }

    private ScienceQaProblem writeProblem(String pid, ProblemType kind, int turn, String split) throws IOException {
        SplittableRandom random = SeededRandom.generator(plan.seed(), split + "/" + kind.label(), turn);
        SceneQuestion drawing =
                kind.hasImage() ? ProblemGenerator.generate(kind, turn, random) : textOnly(kind, turn, split, random);
        String name = "";
        if (drawing.scene().isPresent()) {
            EncodedImage picture = fresh(drawing.scene().get(), random);
            name = "image." + picture.extension();
            Path place = Files.createDirectories(
                    folder.resolve("images").resolve(split).resolve(pid));
            Files.write(place.resolve(name), picture.bytes());
        }
        return ProblemGenerator.toScienceQa(pid, kind, turn, drawing.question(), name, split);
    }

    /** A text-only problem; a held-out one differs from all of the train split, which is written first. */
    private SceneQuestion textOnly(ProblemType kind, int turn, String split, SplittableRandom random) {
        for (int attempt = 0; attempt < MAX_SAMPLING_ATTEMPTS; attempt++) {
            SceneQuestion drawing = ProblemGenerator.generate(kind, turn, random);
            ScienceQaProblem.Wording wording = ProblemGenerator.toScienceQa(
                            "", kind, turn, drawing.question(), "", split)
                    .wording();
            if (split.equals(TRAIN)) {
                trainWordings.add(wording);
                return drawing;
            }
            if (!trainWordings.contains(wording)) {
                return drawing;
            }
        }
        throw new BadInputException("no " + kind.label() + " problem for the " + split
                + " split differs from those of the train split after " + MAX_SAMPLING_ATTEMPTS
                + " attempts; ask for fewer train problems per kind (now " + plan.trainPerType() + ")");
    }

    private EncodedImage fresh(Scene scene, SplittableRandom random) {
        EncodedImage picture = EncodedImage.of(scene, random);
        while (!seen.add(picture.pixelHash())) {
            picture = EncodedImage.of(scene, random);
        }
        return picture;
    }

    private void writeCaptions() throws IOException {
        Path images = Files.createDirectories(folder.resolve("captions").resolve("images"));
        ArrayNode samples = json.createArrayNode();
        for (int i = 0; i < plan.captions(); i++) {
            SplittableRandom random = SeededRandom.generator(plan.seed(), "captions", i);
            Scene scene = Scene.random(random);
            EncodedImage picture = fresh(scene, random);
            String name = String.format(Locale.ROOT, "world_%09d.%s", i, picture.extension());
            Files.write(images.resolve(name), picture.bytes());
            ObjectNode sample = samples.addObject();
            sample.put("id", String.valueOf(i));
            sample.put("image", name);
            ArrayNode turns = sample.putArray("conversations");
            turns.add(turn("human", "<image>\n" + SeededRandom.choice(INSTRUCTIONS, random)));
            turns.add(turn("gpt", plan.labels() ? scene.label() : scene.caption(random)));
        }
        json.writeValue(folder.resolve("captions").resolve("chat.json").toFile(), samples);
    }

    private ObjectNode turn(String from, String value) {
        return json.createObjectNode().put("from", from).put("value", value);
    }
}
