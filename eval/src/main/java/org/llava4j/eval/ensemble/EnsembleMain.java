package org.llava4j.eval.ensemble;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.llava4j.data.AtomicFolder;
import org.llava4j.data.BadInputException;
import org.llava4j.data.InputPaths;
import org.llava4j.data.Sha256;
import org.llava4j.data.cli.Command;
import org.llava4j.data.llm.LlmClientFlags;
import org.llava4j.data.llm.LlmRequest;
import org.llava4j.data.llm.OpenAiLlmClient;
import org.llava4j.data.llm.RequestJournal;
import org.llava4j.data.llm.RequestSession;
import org.llava4j.data.records.ScienceQaRecordReader;
import org.llava4j.data.scienceqa.ScienceQaProblem;
import org.llava4j.eval.predictions.PredictionFile;
import org.llava4j.eval.report.Report;

/** {@code exec:java@ensemble}: ScienceQA's answers put together with those of a text-only model. */
public final class EnsembleMain extends Command {
    private static final String KIND = "ensemble-report";
    private static final double DEFAULT_TEMPERATURE = 0;
    private static final int DEFAULT_MAX_TOKENS = 1024;

    private EnsembleMain() {
        super(
                "ensemble",
                "Puts answers to ScienceQA together with a text-only model's, by complement and by its judgement; the key"
                        + " is taken from the environment variable " + OpenAiLlmClient.KEY_VARIABLE + ".");
    }

    public static void main(String[] args) {
        new EnsembleMain().execute(args);
    }

    @Override
    protected Options options() {
        return LlmClientFlags.addTo(new Options(), DEFAULT_TEMPERATURE, DEFAULT_MAX_TOKENS)
                .addOption(required("predictions", "FILE", "ours: predictions.jsonl, or LLaVA's own answers"))
                .addOption(required("data-path", "DIR", "ScienceQA's folder"))
                .addOption(flag("split", "NAME", "which split was answered (default test)"))
                .addOption(flag("answer-prompt", "FILE", "other words before a problem"))
                .addOption(flag("judge-prompt", "FILE", "other words before a problem with two answers"))
                .addOption(required("output-dir", "DIR", "where the report goes"));
    }

    @Override
    protected void run(CommandLine line) {
        Path output = path(line, "output-dir");
        InputPaths inputs = InputPaths.of(
                path(line, "predictions"),
                path(line, "data-path"),
                path(line, "answer-prompt"),
                path(line, "judge-prompt"));
        inputs.requireNoOverlap(output);
        LlmClientFlags flags = LlmClientFlags.of(line, DEFAULT_TEMPERATURE, DEFAULT_MAX_TOKENS);
        Map<String, String> ours = PredictionFile.readTexts(path(line, "predictions"));
        if (ours.isEmpty()) {
            throw new BadInputException(path(line, "predictions") + " holds no predictions; give the file of a run that"
                    + " answered the split");
        }
        List<ScienceQaProblem> problems =
                ScienceQaRecordReader.problems(path(line, "data-path"), line.getOptionValue("split", "test")).stream()
                        .filter(problem -> ours.containsKey(problem.id()))
                        .toList();
        if (problems.size() < ours.size()) {
            throw new BadInputException(path(line, "predictions") + " answers " + (ours.size() - problems.size())
                    + " problems that are not of this split; give its --split");
        }
        String answer = flags.prompt("answer-prompt", EnsembleMain.class, "answer.txt");
        String judge = flags.prompt("judge-prompt", EnsembleMain.class, "judge.txt");
        Ensemble ensemble = new Ensemble(problems, ours, new TextOnlyModel(answer, judge, flags.settings()));
        Report.Builder report = Report.titled(
                        "ScienceQA with " + flags.settings().model())
                .setting("predictions sha256", Sha256.of(path(line, "predictions")))
                .setting("data sha256", Sha256.of(path(line, "data-path").resolve("problems.json")))
                .setting("text-only model", flags.settings())
                .setting("words before a problem, sha256", Sha256.of(answer.getBytes(StandardCharsets.UTF_8)))
                .setting("words before two answers, sha256", Sha256.of(judge.getBytes(StandardCharsets.UTF_8)));
        long begun = System.nanoTime();
        try (AtomicFolder folder = AtomicFolder.begin(output, KIND, inputs);
                RequestSession session = flags.open(List.of(flags.journal(output)))) {
            Optional<RequestJournal> answered =
                    session.run(0, () -> ensemble.answerRequests().iterator(), problems.size());
            if (answered.isEmpty()) {
                return; // a dry run
            }
            RequestJournal journal = answered.get();
            List<LlmRequest> judgements = ensemble.judgeRequests(journal);
            session.run(0, judgements::iterator, judgements.size());
            ensemble.addTo(report, journal);
            System.out.println(ensemble.coverage(journal));
            report.seconds((System.nanoTime() - begun) / 1e9).build().write(folder.path());
            folder.commit();
        }
        System.out.println("see " + output.resolve("report.html"));
    }
}
