package org.llava4j.eval.demo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.llava4j.data.BadInputException;
import org.llava4j.data.FileReadError;
import org.llava4j.data.Sha256;
import org.llava4j.data.conversation.Turn;
import org.llava4j.data.image.ImageFiles;
import org.llava4j.data.records.ConversationRecordReader;
import org.llava4j.data.records.ScienceQaRecordReader;
import org.llava4j.data.scienceqa.ScienceQaProblem;

/**
 * Split-overlap check of a synthetic dataset: no test problem may occur in the training data of either stage. Image
 * problems are compared by their decoded pixels, text-only problems by their wording, and no caption may contain the
 * question of a test problem.
 */
final class SplitOverlapCheck {
    private static final String ADVICE = "; write the dataset with another seed";

    private final Path dataset;
    private final List<ScienceQaProblem> heldOut;

    private SplitOverlapCheck(Path dataset) {
        this.dataset = dataset;
        heldOut = ScienceQaRecordReader.problems(dataset, "test");
    }

    /**
     * Compares the test split with the train split and the captions.
     *
     * @param dataset as {@link org.llava4j.data.synthetic.SyntheticDatasetWriter} writes it
     * @throws BadInputException if an image, a text-only problem or a question is in both
     */
    static void check(Path dataset) {
        SplitOverlapCheck splits = new SplitOverlapCheck(dataset);
        splits.checkPixels();
        splits.checkWordings();
        splits.checkCaptions();
    }

    private void checkPixels() {
        List<Path> training = Stream.of("images/train", "captions/images")
                .flatMap(folder -> images(dataset.resolve(folder)).stream())
                .toList();
        Set<String> trained =
                training.parallelStream().map(SplitOverlapCheck::hash).collect(Collectors.toSet());
        images(dataset.resolve("images/test")).parallelStream()
                .filter(image -> trained.contains(hash(image)))
                .findFirst()
                .ifPresent(image -> {
                    throw new BadInputException(image + " is also an image of the training data" + ADVICE);
                });
    }

    private void checkWordings() {
        Set<ScienceQaProblem.Wording> trained = ScienceQaRecordReader.problems(dataset, "train").stream()
                .filter(problem -> !problem.hasImage())
                .map(ScienceQaProblem::wording)
                .collect(Collectors.toSet());
        for (ScienceQaProblem problem : heldOut) {
            if (!problem.hasImage() && trained.contains(problem.wording())) {
                throw new BadInputException(
                        "the text-only test problem " + problem.id() + " is also in the train split" + ADVICE);
            }
        }
    }

    private void checkCaptions() {
        Set<String> questions = heldOut.stream().map(ScienceQaProblem::question).collect(Collectors.toSet());
        try (ConversationRecordReader captions = ConversationRecordReader.open(dataset.resolve("captions/chat.json"))) {
            for (int i = 0; i < captions.size(); i++) {
                for (Turn turn : captions.get(i).turns()) {
                    if (questions.stream().anyMatch(turn.value()::contains)) {
                        throw new BadInputException("caption " + captions.get(i).id()
                                + " contains the question of a test problem: \"" + turn.value() + "\"" + ADVICE);
                    }
                }
            }
        }
    }

    private static List<Path> images(Path folder) {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(Files::isRegularFile).toList();
        } catch (IOException e) {
            throw FileReadError.of(folder, e, "write the dataset again");
        }
    }

    private static String hash(Path image) {
        return Sha256.of(ImageFiles.read(image).toBytes());
    }
}
