package org.llava4j.eval.llavabench;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.llava4j.data.BadInputException;
import org.llava4j.data.llavabench.BenchContext;
import org.llava4j.data.llavabench.BenchQuestion;
import org.llava4j.data.records.BenchContextRecordReader;
import org.llava4j.data.records.BenchQuestionRecordReader;
import org.llava4j.eval.predictions.PredictionFile;

/**
 * The judge's input: questions, with the context of each image and both answers to each question.
 *
 * @param contexts by image
 * @param references the reference's answers by the text of the question's id
 * @param answers the candidate's, likewise
 */
record BenchInputs(
        List<BenchQuestion> questions,
        Map<String, BenchContext> contexts,
        Map<String, String> references,
        Map<String, String> answers) {

    /** @throws BadInputException if a file is broken, an id is there twice, or a question lacks its context or an answer */
    static BenchInputs read(Path questionFile, Path contextFile, Path referenceFile, Path answerFile) {
        BenchInputs inputs = new BenchInputs(
                BenchQuestionRecordReader.all(questionFile),
                BenchContextRecordReader.byImage(contextFile),
                PredictionFile.readTexts(referenceFile),
                PredictionFile.readTexts(answerFile));
        for (BenchQuestion question : inputs.questions) {
            if (!inputs.contexts.containsKey(question.image())) {
                throw new BadInputException(contextFile + " says nothing of the picture " + question.image()
                        + " of question " + question.id() + "; give the context of these questions");
            }
        }
        requireAnswers(inputs.questions, inputs.references, referenceFile);
        requireAnswers(inputs.questions, inputs.answers, answerFile);
        return inputs;
    }

    private static void requireAnswers(List<BenchQuestion> questions, Map<String, String> texts, Path file) {
        Set<String> ids =
                questions.stream().map(question -> question.id().text()).collect(Collectors.toSet());
        for (String id : ids) {
            if (!texts.containsKey(id)) {
                throw new BadInputException(file + " has no answer to question " + id + "; answer all of them first");
            }
        }
        Set<String> others = new TreeSet<>(texts.keySet());
        others.removeAll(ids);
        if (!others.isEmpty()) {
            System.err.println(file + " has " + others.size() + " answers to questions that are not asked, question "
                    + others.iterator().next() + " among them; they are not judged");
        }
    }
}
