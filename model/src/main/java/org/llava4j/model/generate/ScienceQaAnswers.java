package org.llava4j.model.generate;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.llava4j.data.conversation.Turn;
import org.llava4j.data.image.ImageRef;
import org.llava4j.data.scienceqa.ScienceQaProblem;
import org.llava4j.data.scienceqa.ScienceQaPrompt;
import org.llava4j.model.LlavaModel;

/**
 * Asks problems of a model, several at once.
 *
 * @param format how a problem is put
 * @param batchSize how many are answered at once
 * @param decoding how; each problem draws with a seed of its own, made of the given one and its name
 * @param solved problems whose questions and answers come before each question; without pictures
 */
public record ScienceQaAnswers(
        ScienceQaPrompt format, int batchSize, Decoding decoding, List<ScienceQaProblem> solved) {
    /** Longest answer behind the reasons, where it comes in a second pass. */
    private static final int SECOND_PASS_TOKENS = 64;

    /** Greedy, and with nothing before a question. */
    public ScienceQaAnswers(ScienceQaPrompt format, int batchSize, int maxNewTokens) {
        this(format, batchSize, Decoding.greedy(maxNewTokens), List.of());
    }

    /**
     * @param imageOf the picture of a problem that has one
     * @return what the model said, by problem, in the problems' order
     */
    public Map<String, String> ask(
            LlavaModel model, List<ScienceQaProblem> problems, Function<ScienceQaProblem, Path> imageOf) {
        Map<String, String> texts = new LinkedHashMap<>();
        for (int from = 0; from < problems.size(); from += batchSize) {
            texts.putAll(
                    askTogether(model, problems.subList(from, Math.min(problems.size(), from + batchSize)), imageOf));
        }
        return texts;
    }

    /** The same at once, however many there are. */
    public Map<String, String> askTogether(
            LlavaModel model, List<ScienceQaProblem> problems, Function<ScienceQaProblem, Path> imageOf) {
        List<Question> questions =
                problems.stream().map(problem -> question(problem, imageOf)).toList();
        Decoding first =
                format.secondPass().isEmpty() ? decoding : decoding.withStops(List.of(ScienceQaPrompt.REASONS_END));
        List<String> texts = answers(model, problems, questions, first);
        if (format.secondPass().isPresent()) {
            texts = withConclusions(model, problems, questions, texts);
        }
        Map<String, String> byProblem = new LinkedHashMap<>();
        for (int i = 0; i < problems.size(); i++) {
            byProblem.put(problems.get(i).id(), texts.get(i));
        }
        return byProblem;
    }

    /** Reasons with the answers that they lead to, as the published evaluation joins them. */
    private List<String> withConclusions(
            LlavaModel model, List<ScienceQaProblem> problems, List<Question> questions, List<String> reasons) {
        List<Question> again = new ArrayList<>();
        for (int i = 0; i < questions.size(); i++) {
            again.add(questions
                    .get(i)
                    .withAnswerBegun(reasons.get(i) + format.secondPass().orElseThrow()));
        }
        List<String> conclusions = answers(
                model, problems, again, new Decoding(decoding.sampling(), SECOND_PASS_TOKENS, decoding.stops()));
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < reasons.size(); i++) {
            texts.add(reasons.get(i) + "\n The answer is " + conclusions.get(i));
        }
        return texts;
    }

    private static List<String> answers(
            LlavaModel model, List<ScienceQaProblem> problems, List<Question> questions, Decoding decoding) {
        List<Answering> asked = new ArrayList<>();
        for (int i = 0; i < questions.size(); i++) {
            Decoding own = decoding.seededFor(problems.get(i).id());
            asked.add(model.ask(questions.get(i), own, text -> {}));
        }
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < problems.size(); i++) {
            try {
                texts.add(model.await(asked.get(i)).text());
            } catch (NonFiniteLogitsException e) {
                throw e.of("problem " + problems.get(i).id());
            }
        }
        return texts;
    }

    private Question question(ScienceQaProblem problem, Function<ScienceQaProblem, Path> imageOf) {
        List<Turn> turns = new ArrayList<>();
        for (ScienceQaProblem each : solved) {
            turns.add(Turn.human(format.question(each)));
            turns.add(Turn.gpt(format.answer(each)));
        }
        turns.add(Turn.human(format.question(problem)));
        List<ImageRef> images = problem.hasImage() ? List.of(ImageRef.of(imageOf.apply(problem))) : List.of();
        return new Question(turns, images).withSpecialTokensInText(true);
    }
}
