package org.llava4j.data.synthetic;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.llava4j.data.TextFiles;

/**
 * Pretraining corpus of the tiny decoder: sentences about the synthetic scenes, labels with the caption that they stand
 * for, and multiple-choice questions about facts given as text. It trains reading, comparing and naming the letter of
 * an option. No question of {@link ProblemGenerator} is in it: its questions are worded differently and ask for facts
 * in the text.
 */
public final class TextCorpus {
    private static final List<String> SENTENCES =
            TextFiles.resource(TextCorpus.class, "sentences.txt").lines().toList();

    private TextCorpus() {}

    /**
     * Returns the training texts of the tokenizer: the documents, and each plain sentence once per ten documents, so
     * that rare words get tokens too.
     */
    public static Stream<String> texts(long seed, int count) {
        Stream<String> documents = documents(seed, count)
                .map(document -> document.chat()
                        ? "USER: " + document.context() + " ASSISTANT: " + document.answer()
                        : (document.context() + "\n" + document.answer()).strip());
        Stream<String> sentences = IntStream.range(0, count / 10).boxed().flatMap(i -> SENTENCES.stream());
        return Stream.concat(documents, sentences);
    }

    /** Returns documents {@code 0 .. count-1} of the corpus with this seed; deterministic. */
    public static Stream<CorpusDocument> documents(long seed, int count) {
        return IntStream.range(0, count).mapToObj(i -> document(SeededRandom.generator(seed, "corpus", i)));
    }

    private static CorpusDocument document(SplittableRandom random) {
        int sort = random.nextInt(20);
        if (sort < 6) {
            return notes(random);
        }
        if (sort == 6) {
            return new CorpusDocument("", sentence(random), false);
        }
        return TextQuestionGenerator.generate(random);
    }

    /** Creates a document of a label, or the words of a caption in perturbed order, followed by the caption. */
    private static CorpusDocument notes(SplittableRandom random) {
        Scene scene = Scene.random(random);
        String caption = scene.caption(random);
        if (random.nextInt(3) > 0) {
            return new CorpusDocument(scene.label(), caption, false);
        }
        List<String> words =
                new ArrayList<>(List.of(caption.replaceAll("[.,:]", "").split(" ")));
        // Neighbors mostly stay together, so that "3 red circles" and "5 red circles" remain distinguishable.
        for (int i = 0; i + 1 < words.size(); i++) {
            if (random.nextInt(4) == 0) {
                words.add(i + 1, words.remove(i));
            }
        }
        return new CorpusDocument(String.join(" ", words), caption, false);
    }

    private static String sentence(SplittableRandom random) {
        if (random.nextInt(3) == 0) {
            StateOfMatter matter = SeededRandom.choice(List.of(StateOfMatter.values()), random);
            return "At room temperature " + SeededRandom.choice(matter.examples(), random) + " is " + matter.words()
                    + ".";
        }
        return random.nextBoolean()
                ? SeededRandom.choice(SENTENCES, random)
                : SeededRandom.choice(List.of(ProblemType.values()), random).lecture();
    }
}
