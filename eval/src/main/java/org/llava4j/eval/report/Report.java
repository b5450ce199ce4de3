package org.llava4j.eval.report;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.AtomicFile;
import org.llava4j.data.Html;
import org.llava4j.data.scienceqa.AnswerCounts;
import org.llava4j.data.scienceqa.ScienceQaColumn;
import org.llava4j.train.stage.RecipeTable;

/** Evaluation report, whose parts are added one by one; parts that are not set are omitted. */
public final class Report {
    /** Files that {@link #write} writes. */
    public static final List<String> FILES = List.of("report.html", "report.json", "report.md", "report.tex");

    final String title;
    String summary = "";
    /** Main table of the report, shown first. */
    @Nullable
    ReportTable lead;

    /** Accuracies of the main table. */
    final List<HeadlineMetric> leadMetrics = new ArrayList<>();

    final List<HeadlineMetric> headlineMetrics = new ArrayList<>();
    /** Accuracy of random guessing, from 0 to 1; null if unknown. */
    @Nullable
    Double chance;

    /** Accuracy by the nine ScienceQA columns; empty if the problems lack those fields. */
    final Map<ScienceQaColumn, AnswerCounts> columns = new EnumMap<>(ScienceQaColumn.class);

    String columnsNote = "";
    final Map<String, AnswerCounts> categories = new TreeMap<>();
    /** Accuracy by other groupings, by heading. */
    final Map<String, Map<String, AnswerCounts>> groups = new LinkedHashMap<>();

    final List<ReportTable> tables = new ArrayList<>();
    final Map<String, Object> data = new LinkedHashMap<>();
    final List<LossCurve> curves = new ArrayList<>();
    final List<Example> examples = new ArrayList<>();
    /** Seconds of each part, in order. */
    final Map<String, Double> timings = new LinkedHashMap<>();

    double seconds;
    final List<String> notes = new ArrayList<>();
    private final SortedMap<String, String> settings = new TreeMap<>();
    private final Map<String, RecipeTable> recipes = new LinkedHashMap<>();

    private Report(String title) {
        this.title = title;
    }

    /** Starts a report with a title. */
    public static Report titled(String title) {
        return new Report(title);
    }

    /** Sets the summary: one or two sentences about the evaluation. */
    public Report summary(String sentences) {
        summary = sentences;
        return this;
    }

    /**
     * Adds a setting that the results depend on.
     *
     * @throws IllegalArgumentException if the value is a record, whose components are settings of their own
     */
    public Report setting(String key, Object value) {
        if (value instanceof Record) {
            throw new IllegalArgumentException("\"" + key + "\" is a record; add a setting for each of its components");
        }
        settings.put(key, String.valueOf(value));
        return this;
    }

    /** Adds the recipe of a training stage; the results depend on all of its values. */
    public Report recipe(String name, RecipeTable recipe) {
        recipes.put(name, recipe);
        return this;
    }

    /** Sets the main table. {@code report.json} has its accuracies under their keys. */
    public Report lead(ReportTable table, HeadlineMetric... accuracies) {
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
    public Report headlineMetric(String key, String label, AnswerCounts counts) {
        headlineMetrics.add(new HeadlineMetric(key, label, counts));
        return this;
    }

    /** Sets the accuracy of random guessing, from 0 to 1. */
    public Report chance(double fraction) {
        chance = fraction;
        return this;
    }

    /** Adds accuracies by ScienceQA column, with a note on comparing them with the paper's. */
    public Report columns(Map<ScienceQaColumn, AnswerCounts> counts, String note) {
        columns.putAll(counts);
        columnsNote = note;
        return this;
    }

    /** Adds accuracies by problem category. */
    public Report categories(Map<String, AnswerCounts> counts) {
        categories.putAll(counts);
        return this;
    }

    /** Adds accuracies by a grouping, under a heading. */
    public Report group(String heading, Map<String, AnswerCounts> counts) {
        groups.put(heading, counts);
        return this;
    }

    /** Adds a table. */
    public Report table(ReportTable table) {
        tables.add(table);
        return this;
    }

    /** Adds a value to {@code report.json}: numbers, strings, and maps and lists of them. */
    public Report data(String key, Object value) {
        data.put(key, value);
        return this;
    }

    /** Adds a loss curve. */
    public Report curve(LossCurve curve) {
        curves.add(curve);
        return this;
    }

    /** Adds an example. */
    public Report example(Example example) {
        examples.add(example);
        return this;
    }

    /** Adds the time of one part. */
    public Report timing(String part, double secondsOfPart) {
        timings.put(part, secondsOfPart);
        return this;
    }

    /** Sets the total time. */
    public Report seconds(double total) {
        seconds = total;
        return this;
    }

    /** Adds a sentence to the notes. */
    public Report note(String sentence) {
        notes.add(sentence);
        return this;
    }

    /** The settings that the results depend on, as added so far. */
    public RunConfiguration configuration() {
        return new RunConfiguration(settings, recipes);
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
}
