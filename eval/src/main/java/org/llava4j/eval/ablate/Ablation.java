package org.llava4j.eval.ablate;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.AtomicFile;
import org.llava4j.data.AtomicFolder;
import org.llava4j.data.BadInputException;
import org.llava4j.data.InputPaths;
import org.llava4j.data.JsonInput;
import org.llava4j.data.OutputFolder;
import org.llava4j.data.Sha256;
import org.llava4j.data.scienceqa.AnswerCounts;
import org.llava4j.data.scienceqa.ScienceQaPrompt;
import org.llava4j.eval.EvaluationInputs;
import org.llava4j.eval.ModelSpec;
import org.llava4j.eval.ablate.AblationPlan.Recipe;
import org.llava4j.eval.ablate.AblationPlan.Variant;
import org.llava4j.eval.predictions.ScienceQaGrading;
import org.llava4j.eval.report.Report;
import org.llava4j.eval.report.RunConfiguration;
import org.llava4j.eval.scienceqa.InputAblation;
import org.llava4j.eval.scienceqa.ScienceQaEvaluation;
import org.llava4j.model.chat.LlavaModel;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.generate.DecodingOptions;
import org.llava4j.train.data.DataSource;
import org.llava4j.train.logging.TrainingListener;
import org.llava4j.train.run.RunOptions;
import org.llava4j.train.run.RunPaths;
import org.llava4j.train.run.StageRun;
import org.llava4j.train.stage.Stage;
import org.llava4j.train.stage.Stages;

/**
 * Trains and evaluates each variant of an ablation plan. Variants share the stages that they have in common. An
 * interrupted run resumes: a stage whose output folder exists is not trained again.
 */
final class Ablation {
    private static final int BATCH_SIZE = 16;
    private static final String CONFIG = "config.json";

    private final AblationPlan plan;
    private final Path output;
    private final int maxNewTokens;
    private final TrainingListener listener;
    private final EvaluationInputs evaluated;

    /** @throws BadInputException if the evaluated problems are malformed or an image of them is missing */
    Ablation(AblationPlan plan, Path output, int maxNewTokens, TrainingListener listener) {
        this.plan = plan;
        this.output = output;
        this.maxNewTokens = maxNewTokens;
        this.listener = listener;
        // The images do not depend on the prompt format.
        evaluated = evaluation(ScienceQaPrompt.LEA).inputs();
    }

    /** Data files and images that all variants are evaluated on, as they are at the start. */
    EvaluationInputs evaluated() {
        return evaluated;
    }

    /** Trains and evaluates one variant. */
    AnswerCounts run(Variant variant) {
        Path base = base(variant);
        Stage second = stage(plan.stage2(), variant.stage2());
        Path stage2Input = base;
        if (variant.withoutStage1()) {
            second = Stages.with(second, List.of("freshProjector=true"));
        } else {
            Stage first = stage(plan.stage1(), variant.stage1());
            stage2Input = train("stage-1", first, base, List.of(source(plan.captions(), plan.captionImages(), null)));
        }
        List<DataSource> sources = variant.sources().isEmpty()
                ? List.of(source(plan.data(), null, null))
                : variant.sources().stream()
                        .map(each -> source(each.data(), each.images(), each.weight()))
                        .toList();
        Path model = train("stage-2", second, stage2Input, sources);
        return evaluate(variant, second, model);
    }

    private static DataSource source(String data, @Nullable String images, @Nullable Double weight) {
        return new DataSource(Path.of(data), images == null ? null : Path.of(images), weight);
    }

    /** The stage of a recipe, with more overrides. */
    static Stage stage(Recipe recipe, List<String> more) {
        return Stages.with(Stages.with(Stages.of(recipe.recipe()), recipe.set()), more);
    }

    /**
     * Output folder of a training stage, named by a hash of its recipe and the paths of its inputs; trains the stage
     * unless the folder has its output.
     *
     * @throws BadInputException if the folder has the output of inputs with other contents
     */
    private Path train(String name, Stage stage, Path from, List<DataSource> sources) {
        String key = new Sha256()
                .add(Stages.json(stage))
                .add(from.toAbsolutePath().normalize().toString())
                .add(sources.toString())
                .hex();
        Path folder = output.resolve(name + "-" + key.substring(0, 10));
        Path features = output.resolve("features");
        Path tower = LlavaConfig.visionTowerPath(from);
        StageRun run =
                new StageRun(stage, new RunPaths(from, tower, null, sources, folder, features), RunOptions.DEFAULT);
        if (!run.isFinished(notice -> {})) {
            run.run(listener);
        }
        return folder;
    }

    /** The base model, or a copy with changed {@code config.json} values that links to the same weight files. */
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
                    LlavaConfig.visionTowerPath(base).toAbsolutePath().toString());
            variant.config().forEach(config::set);
            try (OutputFolder written = baseFolder(folder)) {
                written.write(part -> AtomicFile.writeString(part.resolve(CONFIG), config.toPrettyString()));
            }
            try (Stream<Path> files = Files.list(base)) {
                for (Path file : files.filter(Files::isRegularFile).toList()) {
                    Path link = folder.resolve(file.getFileName());
                    boolean ownFile = file.endsWith(CONFIG) || file.endsWith(AtomicFolder.MARKER);
                    if (!ownFile && !Files.exists(link)) {
                        Files.createSymbolicLink(link, file.toAbsolutePath());
                    }
                }
            }
        } catch (IOException e) {
            throw new BadInputException(folder + " cannot be written (" + e.getMessage() + ")", e);
        }
        return folder;
    }

    /**
     * Prompt format of a variant: the answer format it is trained on, or that of the plan's stage 2 if the variant
     * trains on conversations.
     */
    private ScienceQaPrompt format(Stage stage) {
        return Optional.ofNullable(stage.data().promptFormat())
                .or(() -> Optional.ofNullable(
                        stage(plan.stage2(), List.of()).data().promptFormat()))
                .orElse(ScienceQaPrompt.LEA);
    }

    /** Deletes the answer journals of all variants; to be called after the report is written. */
    void deleteJournals() {
        plan.variants().forEach(variant -> ScienceQaEvaluation.deleteJournal(answersPath(variant)));
    }

    private Path answersPath(Variant variant) {
        return output.resolve("answers-" + variant.folder());
    }

    private OutputFolder answerFolder(Variant variant) {
        InputPaths inputs = InputPaths.of(Path.of(plan.data()));
        return OutputFolder.open(answersPath(variant), "ablation-answers", inputs, ScienceQaEvaluation.FILES);
    }

    private static OutputFolder baseFolder(Path folder) {
        return OutputFolder.open(folder, "ablation-base", InputPaths.of(), List.of(CONFIG));
    }

    /**
     * Checks that no output folder holds files that this run did not write.
     *
     * @throws BadInputException if one does
     */
    void requireWritableOutputs() {
        for (Variant variant : plan.variants()) {
            answerFolder(variant).close();
            if (!variant.config().isEmpty()) {
                baseFolder(output.resolve("base-" + variant.folder())).close();
            }
        }
    }

    private ScienceQaEvaluation evaluation(ScienceQaPrompt format) {
        return new ScienceQaEvaluation(
                Path.of(plan.data()),
                plan.split() == null ? "test" : plan.split(),
                format,
                InputAblation.NONE,
                0,
                BATCH_SIZE,
                DecodingOptions.greedy(maxNewTokens),
                plan.maxProblems() == 0 ? Integer.MAX_VALUE : plan.maxProblems());
    }

    private AnswerCounts evaluate(Variant variant, Stage stage, Path model) {
        ScienceQaEvaluation evaluation = evaluation(format(stage));
        ModelSpec spec = ModelSpec.ofTrained(model, stage.data().chatFormat());
        Report settings = Report.titled(variant.name());
        spec.describe(settings);
        evaluation.describe(settings, evaluated);
        RunConfiguration configuration = settings.configuration();
        try (OutputFolder folder = answerFolder(variant);
                LlavaModel loaded = spec.load()) {
            ScienceQaGrading grading = evaluation.run(
                    evaluation.predictor().executor(loaded),
                    variant.name(),
                    folder,
                    configuration,
                    evaluated.and(spec.files()));
            return grading.scores().overall();
        }
    }
}
