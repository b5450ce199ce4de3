package org.llava4j.model.generate;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.llava4j.data.scienceqa.ScienceQaProblem;
import org.llava4j.data.scienceqa.ScienceQaPrompt;
import org.llava4j.model.LlavaModel;

/**
 * Asks problems of a model, several at once.
 *
 * @param format how a problem is put
 * @param batchSize how many are answered at once
 * @param maxNewTokens longest answer
 */
public record ScienceQaAnswers(ScienceQaPrompt format, int batchSize, int maxNewTokens) {

    /**
     * @param imageOf the picture of a problem that has one
     * @return what the model said, by problem, in the problems' order
     */
    public Map<String, String> ask(
            LlavaModel model, List<ScienceQaProblem> problems, Function<ScienceQaProblem, Path> imageOf) {
        Map<String, String> texts = new LinkedHashMap<>();
        for (int from = 0; from < problems.size(); from += batchSize) {
            List<ScienceQaProblem> some = problems.subList(from, Math.min(problems.size(), from + batchSize));
            List<Question> questions = new ArrayList<>();
            for (ScienceQaProblem problem : some) {
                List<Path> images = problem.hasImage() ? List.of(imageOf.apply(problem)) : List.of();
                questions.add(Question.of(format.question(problem), images));
            }
            List<String> answers = model.answer(questions, maxNewTokens);
            for (int i = 0; i < some.size(); i++) {
                texts.put(some.get(i).id(), answers.get(i));
            }
        }
        return texts;
    }
}
