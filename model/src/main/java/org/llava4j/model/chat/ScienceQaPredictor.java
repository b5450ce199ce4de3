package org.llava4j.model.chat;

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
import org.llava4j.model.generate.DecodingOptions;
import org.llava4j.model.generate.NonFiniteLogitsException;

/**
 * ScienceQA inference: prompts a model with problems in batches and returns its predictions.
 *
 * @param promptFormat how a problem is formatted as a prompt
 * @param batchSize number of problems in a batch
 * @param decoding decoding options; each problem samples with its own seed, derived from the given one and the
 *     problem's id
 * @param fewShotExamples problems whose questions and answers precede each question as few-shot examples, without
 *     images
 */
public record ScienceQaPredictor(
        ScienceQaPrompt promptFormat, int batchSize, DecodingOptions decoding, List<ScienceQaProblem> fewShotExamples) {
    /** Maximum number of new tokens of the second pass, which generates the answer after the reasoning. */
    private static final int SECOND_PASS_MAX_NEW_TOKENS = 64;

    /** Greedy decoding without few-shot examples (zero-shot). */
    public ScienceQaPredictor(ScienceQaPrompt promptFormat, int batchSize, int maxNewTokens) {
        this(promptFormat, batchSize, DecodingOptions.greedy(maxNewTokens), List.of());
    }

    /**
     * Predicts all problems, in batches.
     *
     * @param imageOf image file of a problem that has an image
     * @return generated text by problem id, in the order of the problems
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

    /** Predicts problems as one batch of any size. */
    public Map<String, String> predictBatch(
            LlavaModel model, List<ScienceQaProblem> problems, Function<ScienceQaProblem, Path> imageOf) {
        List<GenerationRequest> requests =
                problems.stream().map(problem -> request(problem, imageOf)).toList();
        String secondPass = promptFormat.secondPass();
        DecodingOptions first =
                secondPass == null ? decoding : decoding.withStops(List.of(ScienceQaPrompt.REASONS_END));
        List<String> texts = generate(model, problems, requests, first);
        if (secondPass != null) {
            texts = withConclusions(model, problems, requests, texts, secondPass);
        }
        Map<String, String> byProblem = new LinkedHashMap<>();
        for (int i = 0; i < problems.size(); i++) {
            byProblem.put(problems.get(i).id(), texts.get(i));
        }
        return byProblem;
    }

    /** Second pass: generates the answer after the reasoning, and joins the two as the published evaluation does. */
    private List<String> withConclusions(
            LlavaModel model,
            List<ScienceQaProblem> problems,
            List<GenerationRequest> requests,
            List<String> reasons,
            String answerPrompt) {
        List<GenerationRequest> secondPass = new ArrayList<>();
        for (int i = 0; i < requests.size(); i++) {
            secondPass.add(requests.get(i).withAnswerPrefix(reasons.get(i) + answerPrompt));
        }
        List<String> conclusions = generate(
                model,
                problems,
                secondPass,
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
            List<GenerationRequest> requests,
            DecodingOptions decoding) {
        List<PendingAnswer> pending = new ArrayList<>();
        for (int i = 0; i < requests.size(); i++) {
            DecodingOptions seeded = decoding.seededFor(problems.get(i).id());
            pending.add(model.submit(requests.get(i), seeded, text -> {}));
        }
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < problems.size(); i++) {
            try {
                texts.add(model.await(pending.get(i)).text().strip());
            } catch (NonFiniteLogitsException e) {
                throw e.withContext("problem " + problems.get(i).id());
            }
        }
        return texts;
    }

    private GenerationRequest request(ScienceQaProblem problem, Function<ScienceQaProblem, Path> imageOf) {
        List<Turn> turns = new ArrayList<>();
        for (ScienceQaProblem example : fewShotExamples) {
            turns.add(Turn.human(promptFormat.question(example)));
            turns.add(Turn.gpt(promptFormat.answer(example)));
        }
        turns.add(Turn.human(promptFormat.question(problem)));
        List<ImageRef> images = problem.hasImage() ? List.of(ImageRef.of(imageOf.apply(problem))) : List.of();
        return new GenerationRequest(turns, images).withSpecialTokensInText(true);
    }
}
