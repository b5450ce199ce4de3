package org.llava4j.model;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import org.llava4j.model.memory.PooledMemory;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Layering of the model module: kernels do the arithmetic, samediff runs them in SameDiff, ops combine both, the model
 * consists of ops, and weights, features, generate and chat build on the model. No package depends on a higher one.
 */
@AnalyzeClasses(packages = "org.llava4j.model", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    @ArchTest
    static final ArchRule modelDoesNotDependOnTrainOrEval =
            noClasses().should().dependOnClassesThat().resideInAnyPackage("org.llava4j.train..", "org.llava4j.eval..");

    /** Each package is a slice, the root package too. */
    @ArchTest
    static final ArchRule packagesAreFreeOfCycles =
            slices().matching("org.llava4j.(**)").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule networkDoesNotDependOnItsUsers = noClasses()
            .that()
            .resideInAPackage("org.llava4j.model")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "org.llava4j.model.weights..",
                    "org.llava4j.model.folder..",
                    "org.llava4j.model.features..",
                    "org.llava4j.model.schema..",
                    "org.llava4j.model.generate..",
                    "org.llava4j.model.chat..");

    @ArchTest
    static final ArchRule nativeMemoryStaysInItsPackage = noClasses()
            .that()
            .resideOutsideOfPackage("org.llava4j.model.memory")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("org.bytedeco..")
            .because("addresses, pointers and pools have one owner, and other code copies by its classes");

    @ArchTest
    static final ArchRule borrowedArraysBelongToScopes = noClasses()
            .that()
            .resideOutsideOfPackages("org.llava4j.model.memory", "org.llava4j.model.samediff")
            .should()
            .callMethod(PooledMemory.class, "release", INDArray.class)
            .because("an ArrayScope knows the pool of an array");

    @ArchTest
    static final ArchRule memoryDoesNotDependOnItsUsers = noClasses()
            .that()
            .resideInAPackage("org.llava4j.model.memory")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("org.llava4j.model", "org.llava4j.model.kernels..", "org.llava4j.model.samediff..");

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
