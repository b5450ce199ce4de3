package org.llava4j.eval.scienceqa;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.llava4j.data.BadInputException;
import org.llava4j.data.OutputFolder;
import org.llava4j.data.Sha256;
import org.llava4j.data.records.ScienceQaRecordReader;
import org.llava4j.data.scienceqa.ScienceQaProblem;
import org.llava4j.data.scienceqa.ScienceQaPrompt;
import org.llava4j.eval.EvaluationCommand;
import org.llava4j.eval.predictions.AnswerJournal;
import org.llava4j.eval.predictions.BatchExecutor;
import org.llava4j.eval.predictions.Prediction;
import org.llava4j.eval.predictions.PredictionFile;
import org.llava4j.eval.predictions.ScienceQaGrading;
import org.llava4j.eval.report.Report;
import org.llava4j.model.generate.DecodingOptions;
import org.llava4j.model.generate.ScienceQaPredictor;

/**
 * A split of ScienceQA from end to end. Problems are asked in the same company whenever they are asked, so that a run
 * which was interrupted and goes on says the same to the last letter.
 *
 * @param data ScienceQA's folder
 * @param split of it
 * @param format how problems are put
 * @param inputAblation what of them is shown
 * @param numFewShotExamples solved problems ahead of each question
 * @param batchSize how many are asked together
 * @param decoding how each is answered
 * @param maxProblems so many problems, in the split's order
 */
public record ScienceQaEvaluation(
        Path data,
        String split,
        ScienceQaPrompt format,
        InputAblation inputAblation,
        int numFewShotExamples,
        int batchSize,
        DecodingOptions decoding,
        int maxProblems) {
    /** The files that {@link #run} writes. */
    public static final List<String> FILES = List.of("predictions.jsonl", "result.json");

    private static final String PREDICTIONS = FILES.get(0);
    private static final String RESULT = FILES.get(1);
    private static final String JOURNAL = "answers.partial.jsonl";

    /** The settings that the answers depend on. */
    public void describe(Report.Builder report) {
        report.setting("data sha256", Sha256.of(data.resolve("problems.json")))
                .setting("splits sha256", Sha256.of(data.resolve("pid_splits.json")))
                .setting("split", split)
                .setting("problems", maxProblems == Integer.MAX_VALUE ? "all" : maxProblems)
                .setting("prompt format", format)
                .setting("shown", inputAblation)
                .setting("solved problems ahead", numFewShotExamples)
                .setting("asked together", batchSize)
                .setting("decoding", decoding);
    }

    /** The problems that are asked. @throws BadInputException if the data is broken, or has none of the split */
    public List<ScienceQaProblem> problems() {
        List<ScienceQaProblem> all = ScienceQaRecordReader.problems(data, split);
        return all.subList(0, Math.min(all.size(), maxProblems));
    }

    /** The picture that a problem is asked with, for problems that have one. */
    public Path imageOf(ScienceQaProblem problem) {
        return ScienceQaRecordReader.image(data.resolve("images"), problem);
    }

    /**
     * Asks all, or what an interrupted run left of them. The answer journal stays until {@link #deleteJournal}.
     *
     * @param companies of so many problems as the batch has
     * @param folder where the answer journal, the predictions and the result are written
     * @param specification hash of all settings
     */
    public ScienceQaGrading run(BatchExecutor companies, String modelId, OutputFolder folder, String specification) {
        List<ScienceQaProblem> problems = problems();
        List<String> ids = problems.stream().map(ScienceQaProblem::id).toList();
        try (AnswerJournal journal = AnswerJournal.open(folder.path().resolve(JOURNAL), specification)) {
            journal.complete(ids, "problems", batchSize, companies);
            Map<String, String> texts = new LinkedHashMap<>();
            List<Prediction> predictions = new ArrayList<>();
            for (ScienceQaProblem problem : problems) {
                String text = journal.answers().get(problem.id());
                texts.put(problem.id(), text);
                predictions.add(Prediction.of(problem.id(), format.question(ablate(problem)), text, modelId));
            }
            ScienceQaGrading grading = ScienceQaGrading.of(problems, texts, ScienceQaProblem::skill);
            folder.write(part -> {
                PredictionFile.write(part.resolve(PREDICTIONS), predictions);
                grading.result().write(part.resolve(RESULT));
            });
            return grading;
        }
    }

    /** Deletes the answer journal of a folder, once the report on its answers is written. */
    public static void deleteJournal(Path folder) {
        AnswerJournal.delete(folder.resolve(JOURNAL));
    }

    /** Asks a model the problems of a company. */
    public EvaluationCommand.BatchPredictor predictor() {
        List<ScienceQaProblem> problems = problems();
        ScienceQaPredictor asking = new ScienceQaPredictor(format, batchSize, decoding, fewShotExamples());
        Map<String, ScienceQaProblem> others = inputAblation == InputAblation.SHUFFLED_IMAGES
                ? ShuffledImages.of(problems, problem -> "", decoding.sampling().seed())
                : Map.of();
        return (model, company) -> asking.predictBatch(
                model,
                AnswerJournal.batch(problems, batchSize, company).stream()
                        .map(this::ablate)
                        .toList(),
                problem -> imageOf(others.getOrDefault(problem.id(), problem)));
    }

    private ScienceQaProblem ablate(ScienceQaProblem problem) {
        return switch (inputAblation) {
            case NO_IMAGE -> problem.withoutImage();
            case NO_CONTEXT -> problem.withoutHint();
            case NONE, SHUFFLED_IMAGES -> problem;
        };
    }

    /** Drawn from the problems to learn from that have no picture; the same for every question. */
    private List<ScienceQaProblem> fewShotExamples() {
        if (numFewShotExamples == 0) {
            return List.of();
        }
        List<ScienceQaProblem> left = new ArrayList<>(ScienceQaRecordReader.problems(data, "train").stream()
                .filter(problem -> !problem.hasImage())
                .toList());
        if (left.size() < numFewShotExamples) {
            throw new BadInputException(
                    data + " has " + left.size() + " problems without a picture in its split train; "
                            + numFewShotExamples + " are wanted ahead of each question");
        }
        SplittableRandom random = new SplittableRandom(decoding.sampling().seed());
        List<ScienceQaProblem> drawn = new ArrayList<>();
        for (int i = 0; i < numFewShotExamples; i++) {
            drawn.add(left.remove(random.nextInt(left.size())));
        }
        return drawn;
    }
}
