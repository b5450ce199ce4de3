package org.llava4j.eval.scienceqa;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.IntFunction;
import org.llava4j.data.BadInputException;
import org.llava4j.data.Fingerprint;
import org.llava4j.data.OutputFolder;
import org.llava4j.data.Sha256;
import org.llava4j.data.records.ScienceQaRecordReader;
import org.llava4j.data.scienceqa.ScienceQaProblem;
import org.llava4j.data.scienceqa.ScienceQaPrompt;
import org.llava4j.eval.EvaluationCommand;
import org.llava4j.eval.EvaluationInputs;
import org.llava4j.eval.predictions.AnswerJournal;
import org.llava4j.eval.predictions.BatchExecutor;
import org.llava4j.eval.predictions.Prediction;
import org.llava4j.eval.predictions.PredictionFile;
import org.llava4j.eval.predictions.ScienceQaGrading;
import org.llava4j.eval.report.Report;
import org.llava4j.eval.report.RunConfiguration;
import org.llava4j.model.chat.ScienceQaPredictor;
import org.llava4j.model.generate.DecodingOptions;

/**
 * Evaluation of a model on a ScienceQA split. Batches are composed the same way in every run, so an interrupted run
 * that resumes gives the identical output.
 *
 * @param data ScienceQA folder
 * @param split evaluated split
 * @param format prompt format
 * @param inputAblation part of the input that is removed or exchanged
 * @param numFewShotExamples number of few-shot examples in each prompt
 * @param batchSize number of problems per batch
 * @param decoding decoding parameters
 * @param maxProblems maximum number of problems, in the order of the split
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
    /** Files that {@link #run} writes. */
    public static final List<String> FILES = List.of("predictions.jsonl", "result.json");

    private static final String PREDICTIONS = FILES.get(0);
    private static final String RESULT = FILES.get(1);
    private static final String PROBLEMS = "problems.json";
    private static final String SPLITS = "pid_splits.json";
    private static final String JOURNAL = "answers.partial.jsonl";

    /**
     * Data files and images that the answers depend on, as they are now.
     *
     * @throws BadInputException if the data is malformed or an image is missing
     */
    public EvaluationInputs inputs() {
        List<ScienceQaProblem> problems = problems();
        return new EvaluationInputs(
                List.of(data.resolve(PROBLEMS), data.resolve(SPLITS)), images(problems, imageSources(problems)));
    }

    private Map<String, Path> images(List<ScienceQaProblem> problems, Map<String, ScienceQaProblem> imageSources) {
        Map<String, Path> images = new LinkedHashMap<>();
        for (ScienceQaProblem problem : problems) {
            if (ablate(problem).hasImage()) {
                images.put(problem.id(), imageOf(imageSources.getOrDefault(problem.id(), problem)));
            }
        }
        return images;
    }

    /** Hashes of the data files. */
    Fingerprint questions() {
        return new Fingerprint.Builder()
                .add("data sha256", Sha256.of(data.resolve(PROBLEMS)))
                .add("splits sha256", Sha256.of(data.resolve(SPLITS)))
                .build();
    }

    /** The images of each batch of problems, by problem id. */
    IntFunction<Map<String, Path>> batchImages() {
        List<ScienceQaProblem> problems = problems();
        Map<String, ScienceQaProblem> imageSources = imageSources(problems);
        return batchIndex -> images(AnswerJournal.batch(problems, batchSize, batchIndex), imageSources);
    }

    /** Adds the settings that the answers depend on to a report's run configuration. */
    public void describe(Report report, EvaluationInputs inputs) {
        inputs.describe(report);
        questions().values().forEach(report::setting);
        report.setting("split", split)
                .setting("problems", maxProblems == Integer.MAX_VALUE ? "all" : maxProblems)
                .setting("prompt format", format)
                .setting("input ablation", inputAblation)
                .setting("few-shot examples", numFewShotExamples)
                .setting("batch size", batchSize)
                .setting("decoding", decoding.toString());
    }

    /**
     * The evaluated problems.
     *
     * @throws BadInputException if the data is malformed or the split is empty
     */
    List<ScienceQaProblem> problems() {
        List<ScienceQaProblem> all = ScienceQaRecordReader.problems(data, split);
        return all.subList(0, Math.min(all.size(), maxProblems));
    }

    /** The image file of a problem that has an image. */
    Path imageOf(ScienceQaProblem problem) {
        return ScienceQaRecordReader.image(data.resolve("images"), problem);
    }

    /**
     * Generates and grades all answers; resumes from the answer journal of an interrupted run. The journal stays until
     * {@link #deleteJournal}.
     *
     * @param executor runs batches of {@link #batchSize} problems
     * @param folder output folder of journal, predictions and result
     * @param configuration everything that the answers depend on
     * @param inputs of {@link #inputs}, as they are in the configuration
     * @throws BadInputException if the journal has answers of another configuration, or an input changes meanwhile
     */
    public ScienceQaGrading run(
            BatchExecutor executor,
            String modelId,
            OutputFolder folder,
            RunConfiguration configuration,
            EvaluationInputs inputs) {
        List<ScienceQaProblem> problems = problems();
        List<String> ids = problems.stream().map(ScienceQaProblem::id).toList();
        try (AnswerJournal journal = AnswerJournal.open(folder.path().resolve(JOURNAL), configuration)) {
            journal.complete(ids, "problems", batchSize, inputs.checked(executor));
            Map<String, String> texts = new LinkedHashMap<>();
            List<Prediction> predictions = new ArrayList<>();
            for (ScienceQaProblem problem : problems) {
                String text = journal.answer(problem.id());
                texts.put(problem.id(), text);
                predictions.add(Prediction.of(problem.id(), format.question(ablate(problem)), text, modelId));
            }
            ScienceQaGrading grading = ScienceQaGrading.of(problems, texts, ScienceQaProblem::skill);
            inputs.requireUnchanged();
            folder.write(part -> {
                PredictionFile.write(part.resolve(PREDICTIONS), predictions);
                grading.result().write(part.resolve(RESULT));
            });
            return grading;
        }
    }

    /** Deletes the answer journal of a folder; to be called after the report is written. */
    public static void deleteJournal(Path folder) {
        AnswerJournal.delete(folder.resolve(JOURNAL));
    }

    /** The predictor of one batch of problems. */
    public EvaluationCommand.BatchPredictor predictor() {
        List<ScienceQaProblem> problems = problems();
        ScienceQaPredictor generator = new ScienceQaPredictor(format, batchSize, decoding, fewShotExamples());
        Map<String, ScienceQaProblem> imageSources = imageSources(problems);
        return (model, batchIndex) -> generator.predictBatch(
                model,
                AnswerJournal.batch(problems, batchSize, batchIndex).stream()
                        .map(this::ablate)
                        .toList(),
                problem -> imageOf(imageSources.getOrDefault(problem.id(), problem)));
    }

    /** The problems whose images are shown instead of a problem's own, by id. */
    private Map<String, ScienceQaProblem> imageSources(List<ScienceQaProblem> problems) {
        return inputAblation == InputAblation.SHUFFLED_IMAGES
                ? ShuffledImages.of(problems, problem -> "", decoding.sampling().seed())
                : Map.of();
    }

    private ScienceQaProblem ablate(ScienceQaProblem problem) {
        return switch (inputAblation) {
            case NO_IMAGE -> problem.withoutImage();
            case NO_CONTEXT -> problem.withoutHint();
            case NONE, SHUFFLED_IMAGES -> problem;
        };
    }

    /** Few-shot examples, sampled from the training problems without image; the same for every prompt. */
    private List<ScienceQaProblem> fewShotExamples() {
        if (numFewShotExamples == 0) {
            return List.of();
        }
        List<ScienceQaProblem> remaining = new ArrayList<>(ScienceQaRecordReader.problems(data, "train").stream()
                .filter(problem -> !problem.hasImage())
                .toList());
        if (remaining.size() < numFewShotExamples) {
            throw new BadInputException(data + " has " + remaining.size()
                    + " problems without an image in its split train, but --shots asks for " + numFewShotExamples);
        }
        SplittableRandom random = new SplittableRandom(decoding.sampling().seed());
        List<ScienceQaProblem> examples = new ArrayList<>();
        for (int i = 0; i < numFewShotExamples; i++) {
            examples.add(remaining.remove(random.nextInt(remaining.size())));
        }
        return examples;
    }
}
