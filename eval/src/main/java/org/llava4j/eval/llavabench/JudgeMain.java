package org.llava4j.eval.llavabench;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Option;
import org.apache.commons.cli.Options;
import org.llava4j.cli.Command;
import org.llava4j.data.AtomicFolder;
import org.llava4j.data.BadInputException;
import org.llava4j.data.Html;
import org.llava4j.data.InputPaths;
import org.llava4j.data.Sha256;
import org.llava4j.data.llm.LlmClientFlags;
import org.llava4j.data.llm.OpenAiLlmClient;
import org.llava4j.data.llm.RequestJournal;
import org.llava4j.data.llm.RequestSession;
import org.llava4j.eval.report.Report;

/** {@code exec:java@judge}: reviews of LLaVA-Bench answers by a text-only LLM judge. */
public final class JudgeMain extends Command {
    private static final String KIND = "judge-report";
    private static final String REVIEWS = "reviews";
    private static final List<String> INPUTS = List.of("questions", "context", "reference", "answers");
    private static final double DEFAULT_TEMPERATURE = 0.2;

    private JudgeMain() {
        super(
                "judge",
                "Has a text-only LLM judge score LLaVA-Bench answers against reference answers; the API key is read from"
                        + " the environment variable " + OpenAiLlmClient.KEY_VARIABLE + ".");
    }

    public static void main(String[] args) {
        new JudgeMain().execute(args);
    }

    @Override
    protected Options options() {
        return LlmClientFlags.addTo(new Options(), DEFAULT_TEMPERATURE)
                .addOption(flag("questions", "FILE", "LLaVA-Bench question file"))
                .addOption(flag("context", "FILE", "image contexts for the judge"))
                .addOption(flag("reference", "FILE", "reference answers"))
                .addOption(flag("answers", "FILE", "candidate answers, as llava-bench writes them"))
                .addOption(flag(
                        REVIEWS,
                        "FILE,...",
                        "score these review files, as LLaVA publishes them, without a judge; needs no other input"))
                .addOption(flag("judge-prompt", "FILE", "file with another system prompt for the judge"))
                .addOption(flag("repeats", "N", "number of times each answer is judged (default 1)"))
                .addOption(toggle("swap", "judge each pair of answers in both orders"))
                .addOption(required("output-dir", "DIR", "output folder of report and reviews"));
    }

    @Override
    protected void run(CommandLine line) {
        if (line.hasOption(REVIEWS)) {
            score(line);
        } else {
            judge(line);
        }
    }

    private static void score(CommandLine line) {
        for (Option option : line.getOptions()) {
            if (!List.of(REVIEWS, "output-dir").contains(option.getLongOpt())) {
                throw new BadInputException("--" + option.getLongOpt() + " has no effect with --" + REVIEWS
                        + ", which asks no judge; leave one of the two out");
            }
        }
        List<Path> files = Arrays.stream(line.getOptionValue(REVIEWS).split(","))
                .map(file -> Path.of(file.strip()))
                .toList();
        if (files.isEmpty()) {
            throw new BadInputException("--" + REVIEWS + " names no file; give one or more review files");
        }
        System.out.println(new ReviewScoring(files).run(path(line, "output-dir"), KIND));
    }

    private static void judge(CommandLine line) {
        for (String input : INPUTS) {
            if (!line.hasOption(input)) {
                throw new BadInputException("--" + input + " is missing; give it, or --" + REVIEWS
                        + " to score existing reviews; see --help");
            }
        }
        Path output = path(line, "output-dir");
        InputPaths inputFiles = InputPaths.of(
                path(line, "questions"),
                path(line, "context"),
                path(line, "reference"),
                path(line, "answers"),
                optionalPath(line, "judge-prompt"));
        inputFiles.requireNoOverlap(output);
        LlmClientFlags flags = LlmClientFlags.of(line, DEFAULT_TEMPERATURE);
        int repeats = atLeast(1, line, "repeats", 1);
        String systemPrompt = flags.prompt("judge-prompt", JudgeMain.class, "judge.txt");
        BenchInputs inputs = BenchInputs.read(
                path(line, "questions"), path(line, "context"), path(line, "reference"), path(line, "answers"));
        List<Judge.ReviewRequest> requests =
                new Judge(systemPrompt, flags.settings(), inputs, line.hasOption("swap")).requests();
        List<Path> journals = IntStream.rangeClosed(1, repeats)
                .mapToObj(repeat -> journal(flags.journal(output), repeat))
                .toList();
        long startNanos = System.nanoTime();
        List<RelativeScores> runs = new ArrayList<>();
        List<JudgedReview> reviews = new ArrayList<>();
        try (AtomicFolder folder = AtomicFolder.begin(output, KIND, inputFiles);
                RequestSession session = flags.open(journals)) {
            for (int repeat = 1; repeat <= repeats; repeat++) {
                RequestJournal journal = session.run(
                        repeat - 1,
                        () -> requests.stream()
                                .map(Judge.ReviewRequest::request)
                                .iterator(),
                        requests.size());
                if (journal != null) {
                    List<JudgedReview> repeatReviews = JudgedReview.of(repeat, requests, journal);
                    runs.add(RelativeScores.of(repeatReviews));
                    reviews.addAll(repeatReviews);
                }
            }
            if (runs.isEmpty()) {
                return; // dry run
            }
            List<JudgedReview> unparsed =
                    reviews.stream().filter(review -> review.scores() == null).toList();
            report(line, flags, systemPrompt, runs, unparsed)
                    .seconds((System.nanoTime() - startNanos) / 1e9)
                    .write(folder.path());
            ReviewFile.write(folder.path().resolve("reviews.jsonl"), reviews);
            folder.commit();
            unparsed.forEach(review -> System.out.println(
                    "unparsed: " + review.name() + ": " + review.review().problem()));
        }
        RelativeScores.MeanAndDeviation all = RelativeScores.MeanAndDeviation.of(runs, RelativeScores.ALL);
        if (Double.isNaN(all.mean())) {
            throw new BadInputException("none of the " + requests.size()
                    + " reviews could be parsed, so there is no score; check "
                    + output.resolve("reviews.jsonl") + ", or use another --model");
        }
        RelativeScores.ScoreTotals last = runs.get(runs.size() - 1).totals(RelativeScores.ALL);
        System.out.println(Html.format(
                "relative score %.1f from %d of %d reviews; see %s",
                all.mean(), last.reviews(), last.requested(), output.resolve("report.html")));
    }

    private static Report report(
            CommandLine line,
            LlmClientFlags flags,
            String systemPrompt,
            List<RelativeScores> runs,
            List<JudgedReview> unparsed) {
        Report report = Report.titled(
                        "LLaVA-Bench, judged by " + flags.settings().model())
                .setting("judge", flags.settings().model())
                .setting("temperature", flags.settings().temperature())
                .setting("top-p", flags.settings().topP())
                .setting("max tokens", flags.settings().maxTokens())
                .setting("judge prompt sha256", Sha256.of(systemPrompt.getBytes(StandardCharsets.UTF_8)))
                .setting("repeats", runs.size())
                .setting("both orders", line.hasOption("swap"))
                .table(JudgeTables.scores(runs));
        if (!unparsed.isEmpty()) {
            report.table(JudgeTables.unparsed(unparsed));
        }
        for (String input : INPUTS) {
            report.setting(input + " sha256", Sha256.of(path(line, input)));
        }
        return report.table(PaperResults.COCO).table(PaperResults.IN_THE_WILD);
    }

    /** Journal file of one repeat. Repeats need separate journals, because a journal sends equal requests only once. */
    private static Path journal(Path first, int repeat) {
        return repeat == 1 ? first : first.resolveSibling(first.getFileName() + "." + repeat);
    }
}
