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

    /** Split of the dataset, with its number of problems of each type. */
    private record Share(String split, int perType) {}

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
        Map<String, ScienceQaProblem> problems = new LinkedHashMap<>();
        ObjectNode splits = json.createObjectNode();
        int id = 0;
        List<Share> shares = List.of(
                new Share(TRAIN, config.trainPerType()),
                new Share("val", config.valPerType()),
                new Share("test", config.testPerType()));
        for (Share share : shares) {
            ArrayNode ids = splits.putArray(share.split);
            ArrayNode mini = json.createArrayNode();
            for (int turn = 0; turn < share.perType; turn++) {
                for (ProblemType type : ProblemType.values()) {
                    String pid = String.valueOf(++id);
                    problems.put(pid, writeProblem(pid, type, turn, share.split));
                    ids.add(pid);
                    // ScienceQA's mini splits are a tenth of the whole.
                    if (turn % 10 == 0) {
                        mini.add(pid);
                    }
                }
            }
            splits.set("mini" + share.split, mini);
        }
        RecordFiles.writeScienceQa(folder.resolve(PROBLEMS), problems.values().iterator());
        json.writeValue(folder.resolve("pid_splits.json").toFile(), splits);
    }

    private ScienceQaProblem writeProblem(String pid, ProblemType type, int turn, String split) throws IOException {
        SplittableRandom random = SeededRandom.generator(config.seed(), split + "/" + type.label(), turn);
        SceneQuestion question =
                type.hasImage() ? ProblemGenerator.generate(type, turn, random) : textOnly(type, turn, split, random);
        String name = "";
        Scene scene = question.scene();
        if (scene != null) {
            EncodedImage image = fresh(scene, random);
            name = "image." + image.extension();
            Path imageFolder = Files.createDirectories(
                    folder.resolve("images").resolve(split).resolve(pid));
            Files.write(imageFolder.resolve(name), image.bytes());
        }
        return ProblemGenerator.toScienceQa(pid, type, turn, question.question(), name, split);
    }

    /** Creates a text-only problem; one of another split differs from all of the train split, which is written first. */
    private SceneQuestion textOnly(ProblemType type, int turn, String split, SplittableRandom random) {
        for (int attempt = 0; attempt < MAX_SAMPLING_ATTEMPTS; attempt++) {
            SceneQuestion question = ProblemGenerator.generate(type, turn, random);
            ScienceQaProblem.Wording wording = ProblemGenerator.toScienceQa(
                            "", type, turn, question.question(), "", split)
                    .wording();
            if (split.equals(TRAIN)) {
                trainWordings.add(wording);
                return question;
            }
            if (!trainWordings.contains(wording)) {
                return question;
            }
        }
        throw new BadInputException("no " + type.label() + " problem for the " + split
                + " split differs from those of the train split after " + MAX_SAMPLING_ATTEMPTS
                + " attempts; configure fewer train problems per type (now " + config.trainPerType() + ")");
    }

    private EncodedImage fresh(Scene scene, SplittableRandom random) {
        EncodedImage image = EncodedImage.of(scene, random);
        while (!seen.add(image.pixelHash())) {
            image = EncodedImage.of(scene, random);
        }
        return image;
    }

    private void writeCaptions() throws IOException {
        Path images = Files.createDirectories(folder.resolve("captions").resolve("images"));
        ArrayNode samples = json.createArrayNode();
        for (int i = 0; i < config.captions(); i++) {
            SplittableRandom random = SeededRandom.generator(config.seed(), "captions", i);
            Scene scene = Scene.random(random);
            EncodedImage image = fresh(scene, random);
            String name = String.format(Locale.ROOT, "world_%09d.%s", i, image.extension());
            Files.write(images.resolve(name), image.bytes());
            ObjectNode sample = samples.addObject();
            sample.put("id", String.valueOf(i));
            sample.put("image", name);
            ArrayNode turns = sample.putArray("conversations");
            turns.add(turn("human", "<image>\n" + SeededRandom.choice(INSTRUCTIONS, random)));
            turns.add(turn("gpt", config.labels() ? scene.label() : scene.caption(random)));
        }
        json.writeValue(folder.resolve("captions").resolve("chat.json").toFile(), samples);
    }

    private ObjectNode turn(String from, String value) {
        return json.createObjectNode().put("from", from).put("value", value);
    }
}
