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
            of(Group.INFERENCE, "serve", "OpenAI-compatible server with a web page", "eval.serve.ServeMain"),
            of(Group.INFERENCE, "chat", "conversation at the terminal", "eval.chat.ChatMain"),
            of(Group.MODELS, "inspect", "type, size, dtypes and files of a model folder", "eval.inspect.InspectMain"),
            of(Group.MODELS, "export", "another layout or dtype, or GGUF files", "model.convert.ExportMain"),
            of(Group.MODELS, "assemble", "a LLaVA from a LLaMA and a CLIP", "model.convert.AssembleMain"),
            of(Group.MODELS, "merge-lora", "a LoRA adapter merged into its model", "model.convert.MergeLoraMain"),
            of(Group.MODELS, "make-delta", "a LLaVA minus its LLaMA", "model.convert.MakeDeltaMain"),
            of(Group.MODELS, "apply-delta", "a delta plus its LLaMA", "model.convert.ApplyDeltaMain"),
            of(Group.DATA, "import-parquet", "datasets from Parquet files", "data.parquet.ImportParquetMain"),
            of(Group.DATA, "filter-concepts", "captions by noun frequency", "data.pretraining.FilterConceptsMain"),
            of(
                    Group.DATA,
                    "expand-captions",
                    "samples of stage 1 from captions",
                    "data.pretraining.ExpandCaptionsMain"),
            of(
                    Group.DATA,
                    "generate-instructions",
                    "instructions from an LLM",
                    "data.instruct.GenerateInstructionsMain"),
            of(Group.DATA, "lint-data", "invalid, truncated and duplicate samples", "train.lint.LintDataMain"),
            of(Group.DATA, "tokenize-data", "training data tokenized once", "train.shards.TokenizeDataMain"),
            stage("pretrain", "stage 1: the projector"),
            stage("finetune", "stage 2: projector and decoder, on conversations"),
            stage("finetune-scienceqa", "stage 2 on ScienceQA"),
            of(Group.TRAINING, "train-all", "both stages, one after the other", "train.command.TrainAllMain"),
            of(Group.TRAINING, "plan", "memory and steps of a stage before it runs", "train.command.PlanMain"),
            of(Group.EVALUATION, "scienceqa", "accuracy on ScienceQA", "eval.scienceqa.ScienceQaMain"),
            of(Group.EVALUATION, "compare", "two evaluations, with McNemar's test", "eval.compare.CompareMain"),
            of(Group.EVALUATION, "ablate", "variants of a recipe, trained and evaluated", "eval.ablate.AblateMain"),
            of(Group.EVALUATION, "probe", "questions about absent attribute combinations", "eval.probe.ProbeMain"),
            of(Group.EVALUATION, "ensemble", "ScienceQA together with a text-only LLM", "eval.ensemble.EnsembleMain"),
            of(Group.EVALUATION, "llava-bench", "answers to LLaVA-Bench", "eval.llavabench.LlavaBenchMain"),
            of(Group.EVALUATION, "judge", "LLaVA-Bench answers, scored by an LLM", "eval.llavabench.JudgeMain"),
            of(Group.DEMO, "demo", "both stages on a small synthetic dataset", "eval.demo.DemoMain"),
            of(Group.DEMO, "tiny-base", "the base model of the demo", "eval.tiny.TinyBaseMain"),
            of(Group.DEMO, "bench", "speed of training steps or of inference", "train.bench.BenchMain"),
            of(Group.DEMO, "real-size", "a model of published size with random weights", "eval.realsize.RealSizeMain"),
            of(Group.DEMO, "parity", "outputs compared with reference tensors", "eval.parity.ParityMain"));

    private static Subcommand of(Group group, String name, String summary, String mainClass) {
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
