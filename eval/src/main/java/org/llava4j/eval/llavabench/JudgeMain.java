package org.llava4j.eval.llavabench;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.llava4j.data.AtomicFolder;
import org.llava4j.data.BadInputException;
import org.llava4j.data.Html;
import org.llava4j.data.InputPaths;
import org.llava4j.data.Sha256;
import org.llava4j.data.cli.Command;
import org.llava4j.data.llm.LlmClientFlags;
import org.llava4j.data.llm.OpenAiLlmClient;
import org.llava4j.data.llm.RequestJournal;
import org.llava4j.data.llm.RequestSession;
import org.llava4j.eval.report.Report;

/** {@code exec:java@judge}: reviews of LLaVA-Bench's answers by a text-only model. */
public final class JudgeMain extends Command {
    private static final String KIND = "judge-report";
    private static final double DEFAULT_TEMPERATURE = 0.2;
    private static final int DEFAULT_MAX_TOKENS = 1024;

    private JudgeMain() {
        super(
                "judge",
                "Has a text-only model review answers to LLaVA-Bench beside its reference answers; the key is taken from"
                        + " the environment variable " + OpenAiLlmClient.KEY_VARIABLE + ".");
    }

    public static void main(String[] args) {
        new JudgeMain().execute(args);
    }

    @Override
    protected Options options() {
        return LlmClientFlags.addTo(new Options(), DEFAULT_TEMPERATURE, DEFAULT_MAX_TOKENS)
                .addOption(required("questions", "FILE", "the bench's questions"))
                .addOption(required("context", "FILE", "what the judge is told of the pictures"))
                .addOption(required("reference", "FILE", "the reference's answers"))
                .addOption(required("answers", "FILE", "the answers to be judged, as @llava-bench writes them"))
                .addOption(flag("judge-prompt", "FILE", "other words before the two answers"))
                .addOption(flag("repeats", "N", "how often all is judged (default 1)"))
                .addOption(toggle("swap", "show each pair in both orders"))
                .addOption(required("output-dir", "DIR", "where the report and the reviews go"));
    }

    @Override
    protected void run(CommandLine line) {
        Path output = path(line, "output-dir");
        InputPaths read = InputPaths.of(
                path(line, "questions"),
                path(line, "context"),
                path(line, "reference"),
                path(line, "answers"),
                path(line, "judge-prompt"));
        read.requireNoOverlap(output);
        LlmClientFlags flags = LlmClientFlags.of(line, DEFAULT_TEMPERATURE, DEFAULT_MAX_TOKENS);
        int repeats = atLeast(1, line, "repeats", 1);
        String words = flags.prompt("judge-prompt", JudgeMain.class, "judge.txt");
        BenchInputs inputs = BenchInputs.read(
                path(line, "questions"), path(line, "context"), path(line, "reference"), path(line, "answers"));
        List<Judge.ReviewRequest> pairs = new Judge(words, flags.settings(), inputs, line.hasOption("swap")).requests();
        List<Path> journals = IntStream.rangeClosed(1, repeats)
                .mapToObj(repeat -> journal(flags.journal(output), repeat))
                .toList();
        long begun = System.nanoTime();
        List<RelativeScores> runs = new ArrayList<>();
        List<JudgedReview> judged = new ArrayList<>();
        try (AtomicFolder folder = AtomicFolder.begin(output, KIND, read);
                RequestSession session = flags.open(journals)) {
            for (int repeat = 1; repeat <= repeats; repeat++) {
                Optional<RequestJournal> journal = session.run(
                        repeat - 1,
                        () -> pairs.stream().map(Judge.ReviewRequest::request).iterator(),
                        pairs.size());
                if (journal.isPresent()) {
                    List<JudgedReview> own = JudgedReview.of(repeat, pairs, journal.get());
                    runs.add(RelativeScores.of(own));
                    judged.addAll(own);
                }
            }
            if (runs.isEmpty()) {
                return; // only a dry run
            }
            List<JudgedReview> unparsed =
                    judged.stream().filter(pair -> pair.scores().isEmpty()).toList();
            report(line, flags, words, runs, unparsed)
                    .seconds((System.nanoTime() - begun) / 1e9)
                    .build()
                    .write(folder.path());
            ReviewFile.write(folder.path().resolve("reviews.jsonl"), judged);
            folder.commit();
            unparsed.forEach(pair -> System.out.println(
                    "no scores: " + pair.name() + ": " + pair.review().problem()));
        }
        RelativeScores.MeanAndDeviation all = RelativeScores.MeanAndDeviation.of(runs, RelativeScores.ALL);
        if (Double.isNaN(all.mean())) {
            throw new BadInputException("not one of the " + pairs.size()
                    + " reviews could be parsed, so that there is no score; look at them in "
                    + output.resolve("reviews.jsonl") + ", or ask another --model");
        }
        RelativeScores.ScoreTotals last = runs.get(runs.size() - 1).byCategory().get(RelativeScores.ALL);
        System.out.println(Html.format(
                "relative score %.1f, of %d of %d reviews; see %s",
                all.mean(), last.reviews(), last.requested(), output.resolve("report.html")));
    }

    private static Report.Builder report(
            CommandLine line,
            LlmClientFlags flags,
            String words,
            List<RelativeScores> runs,
            List<JudgedReview> unparsed) {
        Report.Builder report = Report.titled(
                        "LLaVA-Bench, judged by " + flags.settings().model())
                .setting("judge", flags.settings())
                .setting("judge's words, sha256", Sha256.of(words.getBytes(StandardCharsets.UTF_8)))
                .setting("repeats", runs.size())
                .setting("both orders", line.hasOption("swap"))
                .table(JudgeTables.scores(runs));
        if (!unparsed.isEmpty()) {
            report.table(JudgeTables.unparsed(unparsed));
        }
        for (String input : List.of("questions", "context", "reference", "answers")) {
            report.setting(input + " sha256", Sha256.of(path(line, input)));
        }
        return report.table(PaperResults.COCO).table(PaperResults.IN_THE_WILD);
    }

    /** Each repeat has its own: equal calls would be asked once. */
    private static Path journal(Path first, int repeat) {
        return repeat == 1 ? first : first.resolveSibling(first.getFileName() + "." + repeat);
    }
}
