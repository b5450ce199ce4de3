package org.llava4j.eval.ablate;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.llava4j.data.AtomicFile;
import org.llava4j.data.AtomicFolder;
import org.llava4j.data.BadInputException;
import org.llava4j.data.InputPaths;
import org.llava4j.data.JsonInput;
import org.llava4j.data.OutputFolder;
import org.llava4j.data.Sha256;
import org.llava4j.data.scienceqa.AnswerCounts;
import org.llava4j.data.scienceqa.ScienceQaPrompt;
import org.llava4j.eval.AskedModel;
import org.llava4j.eval.ablate.AblationPlan.Recipe;
import org.llava4j.eval.ablate.AblationPlan.Variant;
import org.llava4j.eval.predictions.ScienceQaGrading;
import org.llava4j.eval.report.Report;
import org.llava4j.eval.scienceqa.ScienceQaRun;
import org.llava4j.eval.scienceqa.Showing;
import org.llava4j.model.LlavaModel;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.generate.Decoding;
import org.llava4j.model.weights.FrozenType;
import org.llava4j.train.stage.DataSource;
import org.llava4j.train.stage.RunOptions;
import org.llava4j.train.stage.RunPaths;
import org.llava4j.train.stage.Stage;
import org.llava4j.train.stage.StageRunner;
import org.llava4j.train.stage.Stages;
import org.llava4j.train.watch.RunListener;

/**
 * Trains and asks each variant of a plan, what they share once. What a folder has already is not done again: a run that was
 * interrupted goes on.
 */
final class Ablation {
    private static final int ASKED_TOGETHER = 16;
    private static final String CONFIG = "config.json";
    private static final ObjectMapper JSON = new ObjectMapper();

    private final AblationPlan plan;
    private final Path output;
    private final int maxNewTokens;
    private final RunListener listener;

    Ablation(AblationPlan plan, Path output, int maxNewTokens, RunListener listener) {
        this.plan = plan;
        this.output = output;
        this.maxNewTokens = maxNewTokens;
        this.listener = listener;
    }

    /** All of one variant. */
    AnswerCounts run(Variant variant) {
        Path base = base(variant);
        Stage second = stage(plan.stage2(), variant.stage2());
        Path begin = base;
        if (variant.withoutStage1()) {
            second = Stages.with(second, List.of("freshProjector=true"));
        } else {
            Stage first = stage(plan.stage1(), variant.stage1());
            begin = learned("stage-1", first, base, List.of(source(plan.captions(), plan.captionImages(), null)));
        }
        List<DataSource> sources = variant.sources().isEmpty()
                ? List.of(source(plan.data(), null, null))
                : variant.sources().stream()
                        .map(each -> source(each.data(), each.images(), each.weight()))
                        .toList();
        Path model = learned("stage-2", second, begin, sources);
        return ask(variant, second, model);
    }

    private static DataSource source(String data, String images, Double weight) {
        return new DataSource(Path.of(data), images == null ? null : Path.of(images), weight);
    }

    private static Stage stage(Recipe recipe, List<String> more) {
        return Stages.with(Stages.with(Stages.named(recipe.recipe()), recipe.set()), more);
    }

    /** What a stage makes of a model: found by all that it depends on, or learned now. */
    private Path learned(String name, Stage stage, Path from, List<DataSource> sources) {
        String key = new Sha256()
                .add(stage.toString())
                .add(from.toAbsolutePath().normalize().toString())
                .add(sources.toString())
                .hex();
        Path folder = output.resolve(name + "-" + key.substring(0, 10));
        if (!Files.exists(folder.resolve(AtomicFolder.MARKER))) {
            Path features = output.resolve("features");
            Path tower = LlavaConfig.visionTowerOf(from);
            RunPaths paths = new RunPaths(from, tower, null, sources, folder, features);
            StageRunner.run(stage, paths, RunOptions.DEFAULT, listener);
        }
        return folder;
    }

    /** The base, or one like it whose config has other values; the weights are the same files. */
    private Path base(Variant variant) {
        Path base = Path.of(plan.base());
        if (variant.config().isEmpty()) {
            return base;
        }
        Path folder = output.resolve("base-" + variant.folder());
        try {
            ObjectNode config = (ObjectNode) JsonInput.readObject(base.resolve(CONFIG));
            config.put(
                    "mm_vision_tower",
                    LlavaConfig.visionTowerOf(base).toAbsolutePath().toString());
            variant.config().forEach(config::set);
            String text = JSON.writerWithDefaultPrettyPrinter().writeValueAsString(config);
            try (OutputFolder written = baseFolder(folder)) {
                written.write(part -> AtomicFile.writeString(part.resolve(CONFIG), text));
            }
            try (Stream<Path> files = Files.list(base)) {
                for (Path file : files.filter(Files::isRegularFile).toList()) {
                    Path link = folder.resolve(file.getFileName());
                    boolean ours = file.endsWith(CONFIG) || file.endsWith(AtomicFolder.MARKER);
                    if (!ours && !Files.exists(link)) {
                        Files.createSymbolicLink(link, file.toAbsolutePath());
                    }
                }
            }
        } catch (IOException e) {
            throw new BadInputException(folder + " cannot be written (" + e.getMessage() + ")", e);
        }
        return folder;
    }

    /** How a variant is asked: as it was taught to answer, or as the plan's own stage 2 where it learned conversations. */
    private ScienceQaPrompt format(Stage stage) {
        return Optional.ofNullable(stage.answerFormat())
                .or(() -> Optional.ofNullable(stage(plan.stage2(), List.of()).answerFormat()))
                .orElse(ScienceQaPrompt.LEA);
    }

    /** Deletes the answer journals of all variants, once the report on them is written. */
    void deleteJournals() {
        plan.variants().forEach(variant -> ScienceQaRun.deleteJournal(answers(variant)));
    }

    private Path answers(Variant variant) {
        return output.resolve("answers-" + variant.folder());
    }

    private OutputFolder answerFolder(Variant variant) {
        InputPaths inputs = InputPaths.of(Path.of(plan.data()));
        return OutputFolder.open(answers(variant), "ablation-answers", inputs, ScienceQaRun.FILES);
    }

    private static OutputFolder baseFolder(Path folder) {
        return OutputFolder.open(folder, "ablation-base", InputPaths.of(), List.of(CONFIG));
    }

    /** Refuses folders in which this run would replace files of others. */
    void requirePlaces() {
        for (Variant variant : plan.variants()) {
            answerFolder(variant).close();
            if (!variant.config().isEmpty()) {
                baseFolder(output.resolve("base-" + variant.folder())).close();
            }
        }
    }

    private AnswerCounts ask(Variant variant, Stage stage, Path model) {
        ScienceQaRun run = new ScienceQaRun(
                Path.of(plan.data()),
                plan.split() == null ? "test" : plan.split(),
                format(stage),
                Showing.ALL,
                0,
                ASKED_TOGETHER,
                Decoding.greedy(maxNewTokens),
                plan.maxProblems() == 0 ? Integer.MAX_VALUE : plan.maxProblems());
        AskedModel asked = new AskedModel(model, LlavaConfig.visionTowerOf(model), stage.chatFormat(), FrozenType.FP32);
        Report.Builder settings = Report.titled(variant.name());
        asked.describe(settings);
        run.describe(settings);
        String specification = settings.build().specification().sha256();
        try (OutputFolder folder = answerFolder(variant);
                LlavaModel loaded = asked.load()) {
            ScienceQaGrading grading = run.run(run.asker().of(loaded), variant.name(), folder, specification);
            return grading.scores().overall();
        }
    }
}
