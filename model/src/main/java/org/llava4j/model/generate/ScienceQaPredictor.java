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
 * @param promptFormat how a problem is put
 * @param batchSize how many are answered at once
 * @param decoding how; each problem draws with a seed of its own, made of the given one and its name
 * @param fewShotExamples problems whose questions and answers come before each question; without pictures
 */
public record ScienceQaPredictor(
        ScienceQaPrompt promptFormat, int batchSize, DecodingOptions decoding, List<ScienceQaProblem> fewShotExamples) {
    /** Longest answer behind the reasons, where it comes in a second pass. */
    private static final int SECOND_PASS_MAX_NEW_TOKENS = 64;

    /** Greedy, and with nothing before a question. */
    public ScienceQaPredictor(ScienceQaPrompt format, int batchSize, int maxNewTokens) {
        this(format, batchSize, DecodingOptions.greedy(maxNewTokens), List.of());
    }

    /**
     * @param imageOf the picture of a problem that has one
     * @return what the model said, by problem, in the problems' order
     */
    public Map<String, String> predict(
            LlavaModel model, List<ScienceQaProblem> problems, Function<ScienceQaProblem, Path> imageOf) {
        Map<String, String> texts = new LinkedHashMap<>();
        for (int from = 0; from < problems.size(); from += batchSize) {
            texts.putAll(
                    predictBatch(model, problems.subList(from, Math.min(problems.size(), from + batchSize)), imageOf));
        }
        return texts;
    }

    /** The same at once, however many there are. */
    public Map<String, String> predictBatch(
            LlavaModel model, List<ScienceQaProblem> problems, Function<ScienceQaProblem, Path> imageOf) {
        List<GenerationRequest> questions =
                problems.stream().map(problem -> request(problem, imageOf)).toList();
        DecodingOptions first = promptFormat.secondPass().isEmpty()
                ? decoding
                : decoding.withStops(List.of(ScienceQaPrompt.REASONS_END));
        List<String> texts = generate(model, problems, questions, first);
        if (promptFormat.secondPass().isPresent()) {
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
            LlavaModel model,
            List<ScienceQaProblem> problems,
            List<GenerationRequest> questions,
            List<String> reasons) {
        List<GenerationRequest> again = new ArrayList<>();
        for (int i = 0; i < questions.size(); i++) {
            again.add(questions
                    .get(i)
                    .withAnswerPrefix(reasons.get(i) + promptFormat.secondPass().orElseThrow()));
        }
        List<String> conclusions = generate(
                model,
                problems,
                again,
                new DecodingOptions(decoding.sampling(), SECOND_PASS_MAX_NEW_TOKENS, decoding.stops()));
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < reasons.size(); i++) {
            texts.add(reasons.get(i) + "\n The answer is " + conclusions.get(i));
        }
        return texts;
    }

    private static List<String> generate(
            LlavaModel model,
            List<ScienceQaProblem> problems,
            List<GenerationRequest> questions,
            DecodingOptions decoding) {
        List<PendingAnswer> asked = new ArrayList<>();
        for (int i = 0; i < questions.size(); i++) {
            DecodingOptions own = decoding.seededFor(problems.get(i).id());
            asked.add(model.submit(questions.get(i), own, text -> {}));
        }
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < problems.size(); i++) {
            try {
                texts.add(model.await(asked.get(i)).text());
            } catch (NonFiniteLogitsException e) {
                throw e.withContext("problem " + problems.get(i).id());
            }
        }
        return texts;
    }

    private GenerationRequest request(ScienceQaProblem problem, Function<ScienceQaProblem, Path> imageOf) {
        List<Turn> turns = new ArrayList<>();
        for (ScienceQaProblem each : fewShotExamples) {
            turns.add(Turn.human(promptFormat.question(each)));
            turns.add(Turn.gpt(promptFormat.answer(each)));
        }
        turns.add(Turn.human(promptFormat.question(problem)));
        List<ImageRef> images = problem.hasImage() ? List.of(ImageRef.of(imageOf.apply(problem))) : List.of();
        return new GenerationRequest(turns, images).withSpecialTokensInText(true);
    }
}
