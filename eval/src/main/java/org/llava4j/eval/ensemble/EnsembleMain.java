package org.llava4j.eval.ensemble;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.llava4j.cli.Command;
import org.llava4j.data.AtomicFolder;
import org.llava4j.data.BadInputException;
import org.llava4j.data.InputPaths;
import org.llava4j.data.Sha256;
import org.llava4j.data.llm.LlmClientFlags;
import org.llava4j.data.llm.LlmRequest;
import org.llava4j.data.llm.OpenAiLlmClient;
import org.llava4j.data.llm.RequestJournal;
import org.llava4j.data.llm.RequestSession;
import org.llava4j.data.records.ScienceQaRecordReader;
import org.llava4j.data.scienceqa.ScienceQaProblem;
import org.llava4j.eval.predictions.ScienceQaPredictions;
import org.llava4j.eval.report.Report;

/** {@code exec:java@ensemble}: ensemble of LLaVA's ScienceQA answers with those of a text-only model. */
public final class EnsembleMain extends Command {
    private static final String KIND = "ensemble-report";
    private static final double DEFAULT_TEMPERATURE = 0;

    private EnsembleMain() {
        super(
                "ensemble",
                "Combines LLaVA's ScienceQA answers with those of a text-only model (complement and judge); the API key is"
                        + " read from the environment variable " + OpenAiLlmClient.KEY_VARIABLE + ".");
    }

    public static void main(String[] args) {
        new EnsembleMain().execute(args);
    }

    @Override
    protected Options options() {
        return LlmClientFlags.addTo(new Options(), DEFAULT_TEMPERATURE)
                .addOption(
                        required(
                                "predictions",
                                "FILE",
                                "LLaVA's predictions: predictions.jsonl, or an answer or result file of the reference implementation"))
                .addOption(required("data-path", "DIR", "ScienceQA folder"))
                .addOption(flag("split", "NAME", "evaluated split (default test)"))
                .addOption(flag("answer-prompt", "FILE", "file with another system prompt for the first round"))
                .addOption(flag("judge-prompt", "FILE", "file with another system prompt for the judge"))
                .addOption(required("output-dir", "DIR", "output folder of the report"));
    }

    @Override
    protected void run(CommandLine line) {
        Path output = path(line, "output-dir");
        InputPaths inputs = InputPaths.of(
                path(line, "predictions"),
                path(line, "data-path"),
                optionalPath(line, "answer-prompt"),
                optionalPath(line, "judge-prompt"));
        inputs.requireNoOverlap(output);
        LlmClientFlags flags = LlmClientFlags.of(line, DEFAULT_TEMPERATURE);
        Map<String, String> llavaTexts =
                ScienceQaPredictions.read(path(line, "predictions")).texts();
        List<ScienceQaProblem> problems =
                ScienceQaRecordReader.problems(path(line, "data-path"), line.getOptionValue("split", "test")).stream()
                        .filter(problem -> llavaTexts.containsKey(problem.id()))
                        .toList();
        if (problems.size() < llavaTexts.size()) {
            throw new BadInputException(path(line, "predictions") + " answers " + (llavaTexts.size() - problems.size())
                    + " problems that are not in this split; give the right --split");
        }
        String answer = flags.prompt("answer-prompt", EnsembleMain.class, "answer.txt");
        String judge = flags.prompt("judge-prompt", EnsembleMain.class, "judge.txt");
        Ensemble ensemble = new Ensemble(problems, llavaTexts, new TextOnlyModel(answer, judge, flags.settings()));
        Report report = Report.titled("ScienceQA with " + flags.settings().model())
                .setting("predictions sha256", Sha256.of(path(line, "predictions")))
                .setting("data sha256", Sha256.of(path(line, "data-path").resolve("problems.json")))
                .setting("text-only model", flags.settings().model())
                .setting("temperature", flags.settings().temperature())
                .setting("top-p", flags.settings().topP())
                .setting("max tokens", flags.settings().maxTokens())
                .setting("answer prompt sha256", Sha256.of(answer.getBytes(StandardCharsets.UTF_8)))
                .setting("judge prompt sha256", Sha256.of(judge.getBytes(StandardCharsets.UTF_8)));
        long startNanos = System.nanoTime();
        try (AtomicFolder folder = AtomicFolder.begin(output, KIND, inputs);
                RequestSession session = flags.open(List.of(flags.journal(output)))) {
            RequestJournal journal =
                    session.run(0, () -> ensemble.answerRequests().iterator(), problems.size());
            if (journal == null) {
                return; // dry run
            }
            List<LlmRequest> judgements = ensemble.judgeRequests(journal);
            session.run(0, judgements::iterator, judgements.size());
            ensemble.addTo(report, journal);
            System.out.println(ensemble.coverage(journal));
            report.seconds((System.nanoTime() - startNanos) / 1e9).write(folder.path());
            folder.commit();
        }
        System.out.println("see " + output.resolve("report.html"));
    }
}
