package org.llava4j.eval.llavabench;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.llava4j.data.BadInputException;
import org.llava4j.data.Html;
import org.llava4j.data.Sha256;
import org.llava4j.data.cli.Command;
import org.llava4j.data.endpoint.EndpointFlags;
import org.llava4j.data.endpoint.OpenAiEndpoint;
import org.llava4j.data.llavabench.BenchContext;
import org.llava4j.data.llavabench.BenchQuestion;
import org.llava4j.data.records.BenchContextRecordReader;
import org.llava4j.data.records.BenchQuestionRecordReader;
import org.llava4j.eval.predictions.PredictionFile;
import org.llava4j.eval.report.Report;
import org.llava4j.eval.report.TextTable;

/** {@code exec:java@judge}: reviews of LLaVA-Bench's answers by a text-only model. */
public final class JudgeMain extends Command {
    private static final double TEMPERATURE = 0.2;
    private static final int MAX_TOKENS = 1024;

    private JudgeMain() {
        super(
                "judge",
                "Has a text-only model review answers to LLaVA-Bench beside its reference answers; the key is taken from"
                        + " the environment variable " + OpenAiEndpoint.KEY_VARIABLE + ".");
    }

    public static void main(String[] args) {
        new JudgeMain().execute(args);
    }

    @Override
    protected Options options() {
        return EndpointFlags.addTo(new Options(), TEMPERATURE, MAX_TOKENS)
                .addOption(required("questions", "FILE", "the bench's questions"))
                .addOption(required("context", "FILE", "what the judge is told of the pictures"))
                .addOption(required("reference", "FILE", "the reference's answers"))
                .addOption(required("answers", "FILE", "the answers to be judged, as @llava-bench writes them"))
                .addOption(flag("judge-prompt", "FILE", "other words before the two answers"))
                .addOption(flag("repeats", "N", "how often all is judged (default 1)"))
                .addOption(toggle("swap", "show each pair in both orders"))
                .addOption(required("output-dir", "DIR", "where the report goes"));
    }

    @Override
    protected void run(CommandLine line) {
        Path output = path(line, "output-dir");
        EndpointFlags flags = EndpointFlags.of(line, TEMPERATURE, MAX_TOKENS);
        int repeats = atLeast(1, line, "repeats", 1);
        String words = flags.words("judge-prompt", JudgeMain.class, "judge.txt");
        Judge judge = judge(line, flags, words);
        List<Judge.Pair> pairs = judge.pairs();
        long begun = System.nanoTime();
        List<Scores> runs = new ArrayList<>();
        for (int repeat = 1; repeat <= repeats; repeat++) {
            flags.ask(
                    journal(flags.journal(output), repeat),
                    () -> pairs.stream().map(Judge.Pair::call).iterator(),
                    pairs.size(),
                    journal -> runs.add(Scores.of(pairs, journal)));
        }
        if (runs.isEmpty()) {
            return; // only a dry run
        }
        Report.Builder report = Report.titled(
                        "LLaVA-Bench, judged by " + flags.settings().model())
                .setting("judge", flags.settings())
                .setting("judge's words, sha256", Sha256.of(words.getBytes(StandardCharsets.UTF_8)))
                .setting("repeats", repeats)
                .setting("both orders", judge.swap())
                .table(table(runs));
        for (String input : List.of("questions", "context", "reference", "answers")) {
            report.setting(input + " sha256", Sha256.of(path(line, input)));
        }
        report.table(PaperBench.COCO).table(PaperBench.IN_THE_WILD);
        report.seconds((System.nanoTime() - begun) / 1e9).build().write(output);
        Scores.Spread all = Scores.Spread.of(runs, Scores.ALL);
        Scores.Sums last = runs.get(runs.size() - 1).byCategory().get(Scores.ALL);
        System.out.println(Html.fill(
                "relative score %.1f, of %d of %d reviews; see %s",
                all.mean(), last.reviews(), last.asked(), output.resolve("report.html")));
    }

    /** Each repeat has its own: equal calls would be asked once. */
    private static Path journal(Path first, int repeat) {
        return repeat == 1 ? first : first.resolveSibling(first.getFileName() + "." + repeat);
    }

    private static Judge judge(CommandLine line, EndpointFlags flags, String words) {
        List<BenchQuestion> questions = new ArrayList<>();
        try (BenchQuestionRecordReader reader = BenchQuestionRecordReader.open(path(line, "questions"))) {
            while (reader.hasNext()) {
                questions.add(reader.nextValue());
            }
        }
        Map<String, BenchContext> contexts = new LinkedHashMap<>();
        try (BenchContextRecordReader reader = BenchContextRecordReader.open(path(line, "context"))) {
            while (reader.hasNext()) {
                BenchContext context = reader.nextValue();
                contexts.put(context.image(), context);
            }
        }
        Map<String, String> references = texts(path(line, "reference"));
        Map<String, String> answers = texts(path(line, "answers"));
        for (BenchQuestion question : questions) {
            String id = String.valueOf(question.id());
            if (!contexts.containsKey(question.image())) {
                throw new BadInputException(path(line, "context") + " says nothing of the picture " + question.image()
                        + " of question " + id + "; give the context of these questions");
            }
            requireAnswer(references, id, path(line, "reference"));
            requireAnswer(answers, id, path(line, "answers"));
        }
        return new Judge(words, flags.settings(), questions, contexts, references, answers, line.hasOption("swap"));
    }

    private static void requireAnswer(Map<String, String> texts, String id, Path file) {
        if (!texts.containsKey(id)) {
            throw new BadInputException(file + " has no answer to question " + id + "; answer all of them first");
        }
    }

    private static Map<String, String> texts(Path file) {
        Map<String, String> texts = new LinkedHashMap<>();
        PredictionFile.read(file).forEach((id, prediction) -> texts.put(id, prediction.text()));
        return texts;
    }

    private static TextTable table(List<Scores> runs) {
        List<List<String>> rows = new ArrayList<>();
        for (String category : runs.get(0).byCategory().keySet()) {
            Scores.Spread spread = Scores.Spread.of(runs, category);
            int reviews = 0;
            int asked = 0;
            double candidate = 0;
            double reference = 0;
            for (Scores run : runs) {
                Scores.Sums sums = run.byCategory().get(category);
                reviews += sums.reviews();
                asked += sums.asked();
                candidate += sums.candidate();
                reference += sums.reference();
            }
            rows.add(List.of(
                    category,
                    number(spread.mean()),
                    number(spread.deviation()),
                    number(candidate / reviews),
                    number(reference / reviews),
                    reviews + " of " + asked));
        }
        return new TextTable(
                "Relative scores",
                List.of("", "score", "deviation", "candidate", "reference", "reviews read"),
                rows,
                "100 times the candidate's mean over the reference's. A review that could not be read, or did not come, is"
                        + " in neither: it is missing from the last column. The deviation is that of repeated runs.");
    }

    private static String number(double value) {
        return Double.isNaN(value) ? "-" : Html.fill("%.1f", value);
    }
}
