package org.llava4j.eval.llavabench;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.llava4j.data.BadInputException;
import org.llava4j.data.llavabench.BenchContext;
import org.llava4j.data.llavabench.BenchQuestion;
import org.llava4j.data.records.BenchContextRecordReader;
import org.llava4j.data.records.BenchQuestionRecordReader;
import org.llava4j.eval.predictions.PredictionFile;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Input of the judge: questions, image contexts, and the reference and candidate answers.
 *
 * @param contexts image contexts by image
 * @param references reference answers by question id
 * @param answers candidate answers by question id
 */
record BenchInputs(
        List<BenchQuestion> questions,
        Map<String, BenchContext> contexts,
        Map<String, String> references,
        Map<String, String> answers) {
    private static final Logger LOG = LoggerFactory.getLogger(BenchInputs.class);

    /**
     * Reads the four files.
     *
     * @throws BadInputException if a file is malformed, an id is duplicated, or a question lacks its context or an
     *     answer
     */
    static BenchInputs read(Path questionFile, Path contextFile, Path referenceFile, Path answerFile) {
        BenchInputs inputs = new BenchInputs(
                BenchQuestionRecordReader.all(questionFile),
                BenchContextRecordReader.byImage(contextFile),
                PredictionFile.readTexts(referenceFile),
                PredictionFile.readTexts(answerFile));
        for (BenchQuestion question : inputs.questions) {
            if (!inputs.contexts.containsKey(question.image())) {
                throw new BadInputException(contextFile + " has no context for the image " + question.image()
                        + " of question " + question.id() + "; give the context file of these questions");
            }
        }
        requireAnswers(inputs.questions, inputs.references, referenceFile);
        requireAnswers(inputs.questions, inputs.answers, answerFile);
        return inputs;
    }

    /** The context of a question's image. */
    BenchContext context(BenchQuestion question) {
        return Objects.requireNonNull(contexts.get(question.image()), question.image());
    }

    /** The reference answer to a question. */
    String reference(BenchQuestion question) {
        String id = question.id().text();
        return Objects.requireNonNull(references.get(id), id);
    }

    /** The candidate's answer to a question. */
    String answer(BenchQuestion question) {
        String id = question.id().text();
        return Objects.requireNonNull(answers.get(id), id);
    }

    private static void requireAnswers(List<BenchQuestion> questions, Map<String, String> texts, Path file) {
        Set<String> ids =
                questions.stream().map(question -> question.id().text()).collect(Collectors.toSet());
        for (String id : ids) {
            if (!texts.containsKey(id)) {
                throw new BadInputException(
                        file + " has no answer to question " + id + "; generate answers to all questions first");
            }
        }
        Set<String> unknown = new TreeSet<>(texts.keySet());
        unknown.removeAll(ids);
        if (!unknown.isEmpty()) {
            LOG.warn(
                    "{} has {} answers to unknown questions, such as question {}; they are not judged",
                    file,
                    unknown.size(),
                    unknown.iterator().next());
        }
    }
}
