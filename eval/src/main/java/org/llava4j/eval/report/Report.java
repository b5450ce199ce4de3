package org.llava4j.eval.report;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.TreeMap;
import org.llava4j.data.AtomicFile;
import org.llava4j.data.Html;
import org.llava4j.data.scienceqa.AnswerCounts;
import org.llava4j.data.scienceqa.ScienceQaColumn;

/**
 * What an evaluation found.
 *
 * @param summary one or two sentences that say what was done
 * @param lead the table that the report is about, before all others
 * @param leadMetrics the accuracies in it
 * @param headlineMetrics the other accuracies in the first place
 * @param chance accuracy of guessing, 0 to 1, where it is known
 * @param columns the nine columns, empty where the problems have no such fields
 * @param columnsNote what a reader must know before comparing them with the paper's
 * @param categories accuracy by kind of problem
 * @param groups accuracy by anything else, under headings of their own
 * @param tables of anything but accuracies
 * @param data further values for {@code report.json}, by key
 * @param timings seconds of each part, in order
 * @param seconds of the whole
 */
public record Report(
        String title,
        String summary,
        RunConfiguration configuration,
        Optional<ReportTable> lead,
        List<HeadlineMetric> leadMetrics,
        List<HeadlineMetric> headlineMetrics,
        OptionalDouble chance,
        Map<ScienceQaColumn, AnswerCounts> columns,
        String columnsNote,
        Map<String, AnswerCounts> categories,
        Map<String, Map<String, AnswerCounts>> groups,
        List<ReportTable> tables,
        Map<String, Object> data,
        List<LossCurve> curves,
        List<Example> examples,
        Map<String, Double> timings,
        double seconds,
        List<String> notes) {

    /** The files that {@link #write} writes. */
    public static final List<String> FILES = List.of("report.html", "report.json", "report.md", "report.tex");

    public static Builder titled(String title) {
        return new Builder(title);
    }

    /**
     * Writes {@code report.html}, {@code report.json}, {@code report.md} and {@code report.tex}.
     *
     * @throws org.llava4j.data.BadInputException if the folder cannot be written
     */
    public void write(Path folder) {
        AtomicFile.writeString(folder.resolve("report.html"), new ReportHtml(this).render());
        AtomicFile.writeString(folder.resolve("report.json"), ReportJson.render(this));
        AtomicFile.writeString(folder.resolve("report.md"), new ReportMarkdown(this).render());
        AtomicFile.writeString(folder.resolve("report.tex"), new ReportLatex(this).render());
    }

    /** Seconds of each part as a table; empty where the parts were not timed. */
    Optional<ReportTable> timingTable() {
        if (timings.isEmpty()) {
            return Optional.empty();
        }
        List<List<String>> rows = new ArrayList<>();
        timings.forEach((part, time) -> rows.add(List.of(part, Html.duration(time))));
        rows.add(List.of("total", Html.duration(seconds)));
        return Optional.of(new ReportTable("Time per part", List.of("", "time"), rows, ""));
    }

    /** Collects a report part by part; what is not given is left out of it. */
    public static final class Builder {
        private final String title;
        private String summary = "";
        private final TreeMap<String, String> settings = new TreeMap<>();
        private final Map<String, Map<String, String>> recipes = new LinkedHashMap<>();
        private Optional<ReportTable> lead = Optional.empty();
        private final List<HeadlineMetric> leadMetrics = new ArrayList<>();
        private final List<HeadlineMetric> headlineMetrics = new ArrayList<>();
        private OptionalDouble chance = OptionalDouble.empty();
        private final Map<ScienceQaColumn, AnswerCounts> columns = new EnumMap<>(ScienceQaColumn.class);
        private String columnsNote = "";
        private final Map<String, AnswerCounts> categories = new TreeMap<>();
        private final Map<String, Map<String, AnswerCounts>> groups = new LinkedHashMap<>();
        private final List<ReportTable> tables = new ArrayList<>();
        private final Map<String, Object> data = new LinkedHashMap<>();
        private final List<LossCurve> curves = new ArrayList<>();
        private final List<Example> examples = new ArrayList<>();
        private final Map<String, Double> timings = new LinkedHashMap<>();
        private double seconds;
        private final List<String> notes = new ArrayList<>();

        private Builder(String title) {
            this.title = title;
        }

        public Builder summary(String sentences) {
            summary = sentences;
            return this;
        }

        /** A setting that the numbers depend on. */
        public Builder setting(String key, Object value) {
            settings.put(key, String.valueOf(value));
            return this;
        }

        /** The values of a training stage, each of which the numbers depend on. */
        public Builder recipe(String name, Map<String, String> values) {
            recipes.put(name, values);
            return this;
        }

        /** The table that the report is about; {@code report.json} has its accuracies under their keys. */
        public Builder lead(ReportTable table, HeadlineMetric... accuracies) {
            lead = Optional.of(table);
            leadMetrics.addAll(List.of(accuracies));
            return this;
        }

        public Builder headlineMetric(String key, String label, AnswerCounts tally) {
            headlineMetrics.add(new HeadlineMetric(key, label, tally));
            return this;
        }

        public Builder chance(double fraction) {
            chance = OptionalDouble.of(fraction);
            return this;
        }

        public Builder columns(Map<ScienceQaColumn, AnswerCounts> tallies, String note) {
            columns.putAll(tallies);
            columnsNote = note;
            return this;
        }

        public Builder categories(Map<String, AnswerCounts> tallies) {
            categories.putAll(tallies);
            return this;
        }

        /** Accuracy by something, under a heading of its own. */
        public Builder group(String heading, Map<String, AnswerCounts> tallies) {
            groups.put(heading, tallies);
            return this;
        }

        public Builder table(ReportTable table) {
            tables.add(table);
            return this;
        }

        /** A value for {@code report.json}: numbers, texts, and maps and lists of them. */
        public Builder data(String key, Object value) {
            data.put(key, value);
            return this;
        }

        public Builder curve(LossCurve curve) {
            curves.add(curve);
            return this;
        }

        public Builder example(Example example) {
            examples.add(example);
            return this;
        }

        /** How long one part took. */
        public Builder timing(String part, double secondsOfPart) {
            timings.put(part, secondsOfPart);
            return this;
        }

        /** How long all of it took. */
        public Builder seconds(double total) {
            seconds = total;
            return this;
        }

        public Builder note(String sentence) {
            notes.add(sentence);
            return this;
        }

        /** The report as collected so far. */
        public Report build() {
            return new Report(
                    title,
                    summary,
                    new RunConfiguration(settings, recipes),
                    lead,
                    List.copyOf(leadMetrics),
                    List.copyOf(headlineMetrics),
                    chance,
                    Collections.unmodifiableMap(new EnumMap<>(columns)),
                    columnsNote,
                    Collections.unmodifiableMap(new TreeMap<>(categories)),
                    Collections.unmodifiableMap(new LinkedHashMap<>(groups)),
                    List.copyOf(tables),
                    Collections.unmodifiableMap(new LinkedHashMap<>(data)),
                    List.copyOf(curves),
                    List.copyOf(examples),
                    Collections.unmodifiableMap(new LinkedHashMap<>(timings)),
                    seconds,
                    List.copyOf(notes));
        }
    }
}
