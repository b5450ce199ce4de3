package org.llava4j.dist;

import java.lang.reflect.InvocationTargetException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Subcommand of {@code llava4j}: a command of another module, with the name of its Maven goal.
 *
 * @param group heading of the list of commands under which it stands
 * @param name what users type
 * @param summary one line for the list of commands
 * @param mainClass the command's class, by name: a list of commands must not load them
 * @param stage value of the system property {@code llava4j.stage}, for commands that share a class
 */
record Subcommand(
        Group group,
        String name,
        String summary,
        String mainClass,
        @Nullable String stage) {
    private static final String STAGE_PROPERTY = "llava4j.stage";

    /** Headings in the order of the list. */
    enum Group {
        INFERENCE("Inference"),
        MODELS("Model folders"),
        DATA("Datasets"),
        TRAINING("Training"),
        EVALUATION("Evaluation"),
        DEMO("Demo and measurements");

        private final String title;

        Group(String title) {
            this.title = title;
        }

        String title() {
            return title;
        }
    }

    /** All commands, in the order of the list. */
    static final List<Subcommand> ALL = List.of(
            of(Group.INFERENCE, "serve", "eval.serve.ServeMain", "OpenAI-compatible server with a web page"),
            of(Group.INFERENCE, "chat", "eval.chat.ChatMain", "conversation at the terminal"),
            of(Group.MODELS, "inspect", "eval.inspect.InspectMain", "type, size, dtypes and files of a model folder"),
            of(Group.MODELS, "export", "model.convert.ExportMain", "another layout or dtype, or GGUF files"),
            of(Group.MODELS, "assemble", "model.convert.AssembleMain", "a LLaVA from a LLaMA and a CLIP"),
            of(Group.MODELS, "merge-lora", "model.convert.MergeLoraMain", "a LoRA adapter merged into its model"),
            of(Group.MODELS, "make-delta", "model.convert.MakeDeltaMain", "a LLaVA minus its LLaMA"),
            of(Group.MODELS, "apply-delta", "model.convert.ApplyDeltaMain", "a delta plus its LLaMA"),
            of(Group.DATA, "import-parquet", "data.parquet.ImportParquetMain", "datasets from Parquet files"),
            of(Group.DATA, "filter-concepts", "data.pretraining.FilterConceptsMain", "captions by noun frequency"),
            of(
                    Group.DATA,
                    "expand-captions",
                    "data.pretraining.ExpandCaptionsMain",
                    "samples of stage 1 from captions"),
            of(
                    Group.DATA,
                    "generate-instructions",
                    "data.instruct.GenerateInstructionsMain",
                    "instructions from an LLM"),
            of(Group.DATA, "lint-data", "train.lint.LintDataMain", "invalid, truncated and duplicate samples"),
            of(Group.DATA, "tokenize-data", "train.shards.TokenizeDataMain", "training data tokenized once"),
            stage("pretrain", "stage 1: the projector"),
            stage("finetune", "stage 2: projector and decoder, on conversations"),
            stage("finetune-scienceqa", "stage 2 on ScienceQA"),
            of(Group.TRAINING, "train-all", "train.command.TrainAllMain", "both stages, one after the other"),
            of(Group.TRAINING, "plan", "train.command.PlanMain", "memory and steps of a stage before it runs"),
            of(Group.EVALUATION, "scienceqa", "eval.scienceqa.ScienceQaMain", "accuracy on ScienceQA"),
            of(Group.EVALUATION, "compare", "eval.compare.CompareMain", "two evaluations, with McNemar's test"),
            of(Group.EVALUATION, "ablate", "eval.ablate.AblateMain", "variants of a recipe, trained and evaluated"),
            of(Group.EVALUATION, "probe", "eval.probe.ProbeMain", "questions about absent attribute combinations"),
            of(Group.EVALUATION, "ensemble", "eval.ensemble.EnsembleMain", "ScienceQA together with a text-only LLM"),
            of(Group.EVALUATION, "llava-bench", "eval.llavabench.LlavaBenchMain", "answers to LLaVA-Bench"),
            of(Group.EVALUATION, "judge", "eval.llavabench.JudgeMain", "LLaVA-Bench answers, scored by an LLM"),
            of(Group.DEMO, "demo", "eval.demo.DemoMain", "both stages on a small synthetic dataset"),
            of(Group.DEMO, "tiny-base", "eval.tiny.TinyBaseMain", "the base model of the demo"),
            of(Group.DEMO, "bench", "train.bench.BenchMain", "speed of training steps or of inference"),
            of(Group.DEMO, "real-size", "eval.realsize.RealSizeMain", "a model of published size with random weights"),
            of(Group.DEMO, "parity", "eval.parity.ParityMain", "outputs compared with reference tensors"));

    private static Subcommand of(Group group, String name, String mainClass, String summary) {
        return new Subcommand(group, name, summary, "org.llava4j." + mainClass, null);
    }

    private static Subcommand stage(String name, String summary) {
        return new Subcommand(Group.TRAINING, name, summary, "org.llava4j.train.command.StageMain", name);
    }

    /** The command with a name, or null. */
    static @Nullable Subcommand named(String name) {
        return ALL.stream().filter(each -> each.name.equals(name)).findFirst().orElse(null);
    }

    /** Runs the command's {@code main}. */
    void run(String... arguments) {
        if (stage != null) {
            System.setProperty(STAGE_PROPERTY, stage);
        }
        try {
            Class.forName(mainClass).getMethod("main", String[].class).invoke(null, (Object) arguments);
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            if (e.getCause() instanceof Error cause) {
                throw cause;
            }
            throw new IllegalStateException(e.getCause());
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(mainClass + " is not the class of a command", e);
        }
    }
}
