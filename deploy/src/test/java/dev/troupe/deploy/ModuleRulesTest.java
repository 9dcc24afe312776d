package dev.troupe.deploy;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** The module table of ARCHITECTURE.md, as rules: who may import whom, and what a name must not be. */
@AnalyzeClasses(packages = "dev.troupe", importOptions = ImportOption.DoNotIncludeTests.class)
class ModuleRulesTest {
    private static final String[] AKKA = {"akka..", "com.lightbend.akka.."};

    @ArchTest
    static final ArchRule modelKnowsNoActorsAndNoOtherModule = noClasses()
            .that()
            .resideInAPackage("dev.troupe.model..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "akka..",
                    "kamon..",
                    "dev.troupe.gpu..",
                    "dev.troupe.safety..",
                    "dev.troupe.actors..",
                    "dev.troupe.routing..",
                    "dev.troupe.deploy..");

    @ArchTest
    static final ArchRule gpuKnowsTheModelOnly = noClasses()
            .that()
            .resideInAPackage("dev.troupe.gpu..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "akka..",
                    "dev.troupe.safety..",
                    "dev.troupe.actors..",
                    "dev.troupe.routing..",
                    "dev.troupe.deploy..");

    @ArchTest
    static final ArchRule nobodyNamesTheGpuModule = noClasses()
            .that()
            .resideOutsideOfPackage("dev.troupe.gpu..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("dev.troupe.gpu..")
            .because("its kernels are found through ServiceLoader");

    @ArchTest
    static final ArchRule safetyKnowsModelOnly = noClasses()
            .that()
            .resideInAPackage("dev.troupe.safety..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("dev.troupe.actors..", "dev.troupe.routing..", "dev.troupe.deploy..");

    @ArchTest
    static final ArchRule actorsKnowModelOnly = noClasses()
            .that()
            .resideInAPackage("dev.troupe.actors..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("dev.troupe.safety..", "dev.troupe.routing..", "dev.troupe.deploy..");

    @ArchTest
    static final ArchRule routingDoesNotKnowDeploy = noClasses()
            .that()
            .resideInAPackage("dev.troupe.routing..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("dev.troupe.deploy..");

    @ArchTest
    static final ArchRule modelPackagesHaveNoCycles =
            slices().matching("dev.troupe.model.(*)..").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule namesAreTheFieldsWords = classes()
            .that()
            .resideInAPackage("dev.troupe..")
            .and()
            .resideOutsideOfPackage("dev.troupe.routing.proto..")
            .should()
            .haveNameNotMatching(".*(Manager|Util|Utils|Helper|Impl)$");

    @ArchTest
    static final ArchRule onlyTheCommandLinePrints = noClasses()
            .that()
            .resideOutsideOfPackage("dev.troupe.deploy..")
            .should()
            .accessField(System.class, "out")
            .orShould()
            .accessField(System.class, "err");

    @ArchTest
    static final ArchRule akkaStaysOutOfFormatsAndKernels = noClasses()
            .that()
            .resideInAnyPackage("dev.troupe.model..", "dev.troupe.gpu..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(AKKA);
}
