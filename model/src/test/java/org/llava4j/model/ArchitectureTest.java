package org.llava4j.model;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/**
 * Layering of the model module: kernels do the arithmetic, samediff runs them in SameDiff, ops combine both, and the
 * model consists of ops. No layer depends on a higher one.
 */
@AnalyzeClasses(packages = "org.llava4j.model", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    @ArchTest
    static final ArchRule modelDoesNotDependOnTrainOrEval =
            noClasses().should().dependOnClassesThat().resideInAnyPackage("org.llava4j.train..", "org.llava4j.eval..");

    @ArchTest
    static final ArchRule kernelsDoNotDependOnGraphs = noClasses()
            .that()
            .resideInAPackage("org.llava4j.model.kernels")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "org.nd4j.autodiff..",
                    "org.llava4j.model",
                    "org.llava4j.model.ops..",
                    "org.llava4j.model.samediff..",
                    "org.llava4j.model.weights..");

    @ArchTest
    static final ArchRule samediffDoesNotDependOnOps = noClasses()
            .that()
            .resideInAPackage("org.llava4j.model.samediff")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("org.llava4j.model", "org.llava4j.model.ops..", "org.llava4j.model.weights..");

    @ArchTest
    static final ArchRule opsDoNotDependOnModel = noClasses()
            .that()
            .resideInAPackage("org.llava4j.model.ops")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("org.llava4j.model", "org.llava4j.model.weights..", "org.llava4j.model.config..");
}
