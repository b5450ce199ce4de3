package org.llava4j.eval.scienceqa;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.llava4j.data.BadInputException;
import org.llava4j.data.cli.Command;
import org.llava4j.data.records.ScienceQaRecordReader;
import org.llava4j.data.scienceqa.ScienceQaProblem;
import org.llava4j.data.scienceqa.ScienceQaPrompt;
import org.llava4j.eval.predictions.Prediction;
import org.llava4j.eval.predictions.PredictionFile;
import org.llava4j.eval.predictions.ScienceQaGrading;
import org.llava4j.eval.report.Report;
import org.llava4j.model.LlavaModel;
import org.llava4j.model.config.ChatFormat;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.generate.ScienceQaAnswers;
import org.llava4j.model.weights.FrozenType;

/** {@code exec:java@scienceqa}: a model folder's answers to ScienceQA, graded, with a report. */
public final class ScienceQaMain extends Command {

    private ScienceQaMain() {
        super("scienceqa", "Asks ScienceQA's problems of a model and writes predictions, result and report.");
    }

    public static void main(String[] args) {
        new ScienceQaMain().execute(args);
    }

    @Override
    protected Options options() {
        return new Options()
                .addOption(required("model-path", "DIR", "the LLaVA folder"))
                .addOption(required("data-path", "DIR", "ScienceQA's folder: problems.json, pid_splits.json, images/"))
                .addOption(required("output-dir", "DIR", "where predictions and report go"))
                .addOption(flag("vision-tower", "DIR", "the CLIP folder, if config.json does not name a local one"))
                .addOption(flag("dtype", "TYPE", "memory of the matrices: fp32 (default), bf16, fp16 or int8"))
                .addOption(flag("split", "NAME", "which split (default test)"))
                .addOption(flag("conv-mode", "NAME", "conversation template, if config.json does not name it"))
                .addOption(flag(
                        "prompt-format",
                        "NAME",
                        "what the model was taught to answer: LEA, EA, A or ALE (default LEA); goes"
                                + " into the report, the question is the same in all"))
                .addOption(flag("batch-size", "N", "problems answered at once (default 16)"))
                .addOption(flag("max-new-tokens", "N", "longest answer (default 512)"));
    }

    @Override
    protected void run(CommandLine line) {
        Path folder = path(line, "model-path");
        Path data = path(line, "data-path");
        String split = line.getOptionValue("split", "test");
        ChatFormat chat = ChatFormat.of(folder, line.getOptionValue("conv-mode"));
        ScienceQaAnswers asking = new ScienceQaAnswers(
                ScienceQaPrompt.named(line.getOptionValue("prompt-format", "LEA")),
                atLeast(1, line, "batch-size", 16),
                atLeast(1, line, "max-new-tokens", 512));
        Path output = path(line, "output-dir");
        try {
            Files.createDirectories(output);
        } catch (IOException e) {
            throw new BadInputException(output + ": cannot be written; give another --output-dir", e);
        }
        long begun = System.nanoTime();
        List<ScienceQaProblem> problems = ScienceQaRecordReader.problems(data, split);
        Path tower = path(line, "vision-tower");
        FrozenType type = FrozenType.forAnswers(line.getOptionValue("dtype", FrozenType.FP32.toString()));
        LlavaModel model =
                LlavaModel.load(folder, tower != null ? tower : LlavaConfig.visionTowerOf(folder), chat, type);
        Map<String, String> texts =
                asking.ask(model, problems, problem -> ScienceQaRecordReader.image(data.resolve("images"), problem));
        ScienceQaGrading grading = ScienceQaGrading.of(problems, texts, ScienceQaProblem::skill);
        double seconds = (System.nanoTime() - begun) / 1e9;

        List<Prediction> predictions = new ArrayList<>();
        String modelId = String.valueOf(folder.getFileName());
        for (ScienceQaProblem problem : problems) {
            String prompt = asking.format().question(problem);
            predictions.add(Prediction.of(problem.id(), prompt, texts.get(problem.id()), modelId));
        }
        PredictionFile.write(output.resolve("predictions.jsonl"), predictions);
        grading.result().write(output.resolve("result.json"));
        Report.titled("ScienceQA: " + modelId)
                .setting("model", modelId)
                .setting("split", split)
                .setting("template", chat.template().name())
                .setting("image first", chat.imageFirst())
                .setting("matrices in", type)
                .setting("prompt format", asking.format())
                .setting("decoding", "greedy, at most " + asking.maxNewTokens() + " tokens")
                .headline("accuracy", "accuracy", grading.scores().overall())
                .columns(grading.scores().columns(), problems.size() + " problems of the split " + split)
                .kinds(grading.scores().groups())
                .seconds(seconds)
                .build()
                .write(output);
        System.out.printf(
                Locale.ROOT,
                "%d problems, accuracy %.4f (%d failed), %.0f s; see %s%n",
                problems.size(),
                grading.scores().overall().accuracy(),
                grading.scores().overall().failed(),
                seconds,
                output.resolve("report.html"));
    }
}
