package org.llava4j.eval.report;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.AtomicFile;
import org.llava4j.data.Html;
import org.llava4j.data.scienceqa.AnswerCounts;
import org.llava4j.data.scienceqa.ScienceQaColumn;
import org.llava4j.train.stage.RecipeTable;

/**
 * Evaluation report.
 *
 * @param summary one or two sentences about the evaluation
 * @param configuration the settings that the results depend on
 * @param lead main table of the report, shown first; null for none
 * @param leadMetrics accuracies of the main table
 * @param headlineMetrics other headline metrics
 * @param chance accuracy of random guessing, from 0 to 1; null if unknown
 * @param columns accuracy by the nine ScienceQA columns; empty if the problems lack those fields
 * @param columnsNote note on comparing the columns with the paper's
 * @param categories accuracy by problem category
 * @param groups accuracy by other groupings, by heading
 * @param tables other tables
 * @param data further values of {@code report.json}, by key
 * @param timings seconds of each part, in order
 * @param seconds total time
 */
public record Report(
        String title,
        String summary,
        RunConfiguration configuration,
        @Nullable ReportTable lead,
        List<HeadlineMetric> leadMetrics,
        List<HeadlineMetric> headlineMetrics,
        @Nullable Double chance,
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

    /** Files that {@link #write} writes. */
    public static final List<String> FILES = List.of("report.html", "report.json", "report.md", "report.tex");

    /** Starts a report with a title. */
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

    /** Time of each part as a table; null if the parts were not timed. */
    @Nullable
    ReportTable timingTable() {
        if (timings.isEmpty()) {
            return null;
        }
        List<List<String>> rows = new ArrayList<>();
        timings.forEach((part, time) -> rows.add(List.of(part, Html.duration(time))));
        rows.add(List.of("total", Html.duration(seconds)));
        return new ReportTable("Time per part", List.of("", "time"), rows, "");
    }

    /** Builder of a report; parts that are not set are omitted. */
    public static final class Builder {
        private final String title;
        private String summary = "";
        private final TreeMap<String, String> settings = new TreeMap<>();
        private final Map<String, RecipeTable> recipes = new LinkedHashMap<>();
        private @Nullable ReportTable lead;
        private final List<HeadlineMetric> leadMetrics = new ArrayList<>();
        private final List<HeadlineMetric> headlineMetrics = new ArrayList<>();
        private @Nullable Double chance;
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

        /** Sets the summary: one or two sentences about the evaluation. */
        public Builder summary(String sentences) {
            summary = sentences;
            return this;
        }

        /**
         * Adds a setting that the results depend on.
         *
         * @throws IllegalArgumentException if the value is a record, whose components are settings of their own
         */
        public Builder setting(String key, Object value) {
            if (value instanceof Record) {
                throw new IllegalArgumentException(
                        "\"" + key + "\" is a record; add a setting for each of its components");
            }
            settings.put(key, String.valueOf(value));
            return this;
        }

        /** Adds the recipe of a training stage; the results depend on all of its values. */
        public Builder recipe(String name, RecipeTable recipe) {
            recipes.put(name, recipe);
            return this;
        }

        /** Sets the main table. {@code report.json} has its accuracies under their keys. */
        public Builder lead(ReportTable table, HeadlineMetric... accuracies) {
            lead = table;
            leadMetrics.addAll(List.of(accuracies));
            return this;
        }

        /**
         * Adds a headline metric.
         *
         * @param key its name in {@code report.json}
         * @param label its name in tables
         */
        public Builder headlineMetric(String key, String label, AnswerCounts counts) {
            headlineMetrics.add(new HeadlineMetric(key, label, counts));
            return this;
        }

        /** Sets the accuracy of random guessing, from 0 to 1. */
        public Builder chance(double fraction) {
            chance = fraction;
            return this;
        }

        /** Adds accuracies by ScienceQA column, with a note on comparing them with the paper's. */
        public Builder columns(Map<ScienceQaColumn, AnswerCounts> counts, String note) {
            columns.putAll(counts);
            columnsNote = note;
            return this;
        }

        /** Adds accuracies by problem category. */
        public Builder categories(Map<String, AnswerCounts> counts) {
            categories.putAll(counts);
            return this;
        }

        /** Adds accuracies by a grouping, under a heading. */
        public Builder group(String heading, Map<String, AnswerCounts> counts) {
            groups.put(heading, counts);
            return this;
        }

        /** Adds a table. */
        public Builder table(ReportTable table) {
            tables.add(table);
            return this;
        }

        /** Adds a value to {@code report.json}: numbers, strings, and maps and lists of them. */
        public Builder data(String key, Object value) {
            data.put(key, value);
            return this;
        }

        /** Adds a loss curve. */
        public Builder curve(LossCurve curve) {
            curves.add(curve);
            return this;
        }

        /** Adds an example. */
        public Builder example(Example example) {
            examples.add(example);
            return this;
        }

        /** Adds the time of one part. */
        public Builder timing(String part, double secondsOfPart) {
            timings.put(part, secondsOfPart);
            return this;
        }

        /** Sets the total time. */
        public Builder seconds(double total) {
            seconds = total;
            return this;
        }

        /** Adds a sentence to the notes. */
        public Builder note(String sentence) {
            notes.add(sentence);
            return this;
        }

        /** Builds the report from the parts set so far. */
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
