package org.llava4j.eval.llavabench;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.llava4j.cli.RecordExecutor;
import org.llava4j.cli.RecordProcessor;
import org.llava4j.data.Fingerprint;
import org.llava4j.data.InputPaths;
import org.llava4j.data.OutputFolder;
import org.llava4j.data.Sha256;
import org.llava4j.data.image.ImageRef;
import org.llava4j.data.llavabench.BenchQuestion;
import org.llava4j.data.records.BenchQuestionRecordReader;
import org.llava4j.eval.DecodingFlags;
import org.llava4j.eval.EvaluationCommand;
import org.llava4j.eval.EvaluationInputs;
import org.llava4j.eval.ModelSpec;
import org.llava4j.eval.QuestionBatches;
import org.llava4j.eval.predictions.AnswerJournal;
import org.llava4j.eval.predictions.Prediction;
import org.llava4j.eval.predictions.PredictionFile;
import org.llava4j.eval.report.Report;
import org.llava4j.eval.report.RunConfiguration;
import org.llava4j.model.chat.GenerationRequest;
import org.llava4j.model.chat.LlavaModel;
import org.llava4j.model.chat.PendingAnswer;
import org.llava4j.model.generate.DecodingOptions;
import org.llava4j.model.generate.NonFiniteLogitsException;

/** {@code exec:java@llava-bench}: generates a model's answers to LLaVA-Bench, for the judge. */
public final class LlavaBenchMain extends EvaluationCommand {
    private static final String KIND = "llava-bench";
    private static final String ANSWERS = "answers.jsonl";
    private static final String JOURNAL = "answers.partial.jsonl";

    /** @param executor generates the answers */
    public LlavaBenchMain(RecordExecutor executor) {
        super("llava-bench", "Generates a model's answers to LLaVA-Bench, as input of judge.", executor);
    }

    public static void main(String[] args) {
        new LlavaBenchMain(RecordExecutor.LOCAL).execute(args);
    }

    @Override
    protected Options options() {
        return super.options()
                .addOption(required("questions", "FILE", "LLaVA-Bench question file"))
                .addOption(required("image-folder", "DIR", "image folder of the questions"))
                .addOption(flag("batch-size", "N", "batch size (default 8)"))
                .addOption(required(
                        "output-dir", "DIR", "output folder of answers.jsonl; an interrupted run resumes here"));
    }

    private static List<BenchQuestion> questions(CommandLine line) {
        return BenchQuestionRecordReader.all(path(line, "questions"));
    }

    private static EvaluationInputs inputs(CommandLine line, List<BenchQuestion> questions) {
        return new EvaluationInputs(List.of(path(line, "questions")), images(path(line, "image-folder"), questions));
    }

    private static Map<String, Path> images(Path folder, List<BenchQuestion> questions) {
        Map<String, Path> images = new LinkedHashMap<>();
        for (BenchQuestion question : questions) {
            images.put(question.id().text(), folder.resolve(question.image()));
        }
        return images;
    }

    private static int batchSize(CommandLine line) {
        return atLeast(1, line, "batch-size", 8);
    }

    @Override
    public QuestionBatches open(CommandLine line) {
        Fingerprint hash = new Fingerprint.Builder()
                .add("questions sha256", Sha256.of(path(line, "questions")))
                .build();
        List<BenchQuestion> questions = questions(line);
        Path images = path(line, "image-folder");
        int batchSize = batchSize(line);
        DecodingOptions decoding = DecodingFlags.of(line);
        return new QuestionBatches(
                ModelSpec.of(line),
                hash,
                questions.size(),
                batchSize,
                batchIndex -> images(images, AnswerJournal.batch(questions, batchSize, batchIndex)),
                (model, batchIndex) ->
                        answers(model, AnswerJournal.batch(questions, batchSize, batchIndex), images, decoding));
    }

    @Override
    protected void run(CommandLine line) {
        Path output = path(line, "output-dir");
        List<BenchQuestion> questions = questions(line);
        ModelSpec spec = ModelSpec.of(line);
        Report settings = Report.titled("LLaVA-Bench");
        spec.describe(settings);
        EvaluationInputs evaluated = inputs(line, questions).and(spec.files());
        evaluated.describe(settings);
        settings.setting("questions sha256", Sha256.of(path(line, "questions")))
                .setting("batch size", batchSize(line))
                .setting("decoding", DecodingFlags.of(line).toString());
        RunConfiguration configuration = settings.configuration();
        String modelId = spec.source().name();
        InputPaths inputs = spec.inputs()
                .and(path(line, "questions"))
                .andWithoutLinks(path(line, "image-folder"))
                .andIfJsonFile(line.getOptionValue("conv-mode"));
        try (OutputFolder folder = OutputFolder.open(output, KIND, inputs, List.of(ANSWERS))) {
            answer(line, questions, evaluated, folder, configuration, modelId);
            AnswerJournal.delete(folder.path().resolve(JOURNAL));
        }
        System.out.println(questions.size() + " answers in " + output.resolve(ANSWERS));
    }

    private void answer(
            CommandLine line,
            List<BenchQuestion> questions,
            EvaluationInputs evaluated,
            OutputFolder folder,
            RunConfiguration configuration,
            String modelId) {
        try (RecordProcessor<Map<String, String>> batches = openAndPrepare(line);
                AnswerJournal journal = AnswerJournal.open(folder.path().resolve(JOURNAL), configuration)) {
            List<String> ids =
                    questions.stream().map(question -> question.id().text()).toList();
            journal.complete(ids, "questions", batchSize(line), evaluated.checked(executor(line, batches)));
            List<Prediction> predictions = new ArrayList<>();
            for (BenchQuestion question : questions) {
                String text = journal.answer(question.id().text());
                predictions.add(Prediction.of(question.id(), question.text(), text, modelId));
            }
            evaluated.requireUnchanged();
            folder.write(part -> PredictionFile.write(part.resolve(ANSWERS), predictions));
        }
    }

    private static Map<String, String> answers(
            LlavaModel model, List<BenchQuestion> questions, Path images, DecodingOptions decoding) {
        Map<String, PendingAnswer> pendingAnswers = new LinkedHashMap<>();
        for (BenchQuestion question : questions) {
            String id = question.id().text();
            pendingAnswers.put(
                    id,
                    model.submit(
                            GenerationRequest.about(ImageRef.of(images.resolve(question.image())), question.text())
                                    .withSpecialTokensInText(true),
                            decoding.seededFor(id),
                            text -> {}));
        }
        Map<String, String> texts = new LinkedHashMap<>();
        pendingAnswers.forEach((id, pending) -> {
            try {
                texts.put(id, model.await(pending).text());
            } catch (NonFiniteLogitsException e) {
                throw e.withContext("question " + id);
            }
        });
        return texts;
    }
}
